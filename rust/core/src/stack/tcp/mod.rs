//! TCP (RFC 9293), without an operating system: segments and the time go in, segments come out.
//!
//! A [`Connection`] is one state machine with six verbs: `on_segment`, `on_icmp`, `on_timer` and the
//! program's calls go in; then `transmit` until it gives nothing more, `events`, and `deadline`.
pub mod congestion;
mod connection;
mod listener;
mod segment;
pub mod sender;

pub use connection::{Connection, Endpoints, IcmpError, Info, Outgoing};
pub use listener::{Listener, Verdict};
pub use segment::{Flags, Reply, Segment};
