//! TCP (RFC 9293), without an operating system: segments and the time go in, segments come out.
//!
//! A [`Connection`] is one state machine with six verbs: `on_segment`, `on_icmp`, `on_timer` and the
//! program's calls go in; then `transmit` until it gives nothing more, `events`, and `deadline`.
mod acks;
pub mod congestion;
mod connection;
mod cookie;
mod ecn;
mod islands;
mod listener;
mod mtu;
mod reassembly;
mod receive_window;
mod reply;
mod ring;
mod segment;
pub mod sender;
mod seq;
mod state;
#[cfg(test)]
mod tests;
mod throttle;
mod timers;
mod timestamps;

pub use connection::{Connection, Endpoints, IcmpError, Info, Outgoing};
pub use listener::{Listener, Verdict};
pub use reply::Reply;
pub use segment::{Flags, Segment};
