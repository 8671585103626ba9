//! The TCP/IP stack: hosts as apps of the graph.
//!
//! Time is an argument, randomness comes from a stream of the host's own, and nothing is iterated
//! in the order of a hash. A host owns its sockets; whoever uses them does so between two breaths,
//! through [`host::Host`]'s methods, and is told by events what became possible.
pub mod compose;
pub mod error;
pub mod event;
pub(crate) mod hash;
pub mod host;
pub(crate) mod ip;
pub mod options;
mod socket;
pub mod spec;
pub mod tcp;
pub mod timer;

pub use error::SocketError;
pub use event::{Readiness, SocketId};
pub use host::Host;
pub use options::SocketOptions;
pub use socket::report::Report;
