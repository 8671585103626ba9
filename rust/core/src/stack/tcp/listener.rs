//! Listeners: what happens to segments that no connection knows.
use super::connection::{Connection, Endpoints};
use super::segment::{Reply, Segment};
use crate::stack::options::SocketOptions;
use crate::time::Nanos;

/// What is to be done about a segment for a listening port.
pub enum Verdict {
    /// A connection begins (SYN-RECEIVED): put it into the table.
    Begin(Box<Connection>),
    /// A connection stands: its SYN cookie came back. The segment may carry bytes: hand it on.
    Established(Box<Connection>),
    /// An answer without memory: a SYN cookie, or a reset.
    Answer(Reply),
    /// Nothing: the backlog is full, or the segment makes no sense here.
    Drop,
}

/// A listening port.
///
/// It counts the half-open connections and those that wait to be accepted; whoever keeps the table
/// tells it what becomes of them.
pub struct Listener {}

impl Listener {
    /// Listens, with room for `backlog` connections that stand and wait, and as many half-open ones;
    /// beyond these, SYN cookies (RFC 4987 §3.6) keyed by `secret`.
    #[must_use]
    pub fn new(options: &SocketOptions, backlog: usize, secret: [u64; 2]) -> Self {
        let _ = (options, backlog, secret);
        Self {}
    }

    /// A segment for this port that no connection knows. `isn` is what a new connection starts with.
    pub fn on_segment(
        &mut self,
        segment: &Segment<'_>,
        endpoints: Endpoints,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Verdict {
        let _ = (segment, endpoints, isn, path_mtu, now);
        Verdict::Drop
    }

    /// A half-open connection stands now, and waits to be accepted.
    pub fn on_established(&mut self) {}

    /// A half-open connection is gone.
    pub fn on_lost(&mut self) {}

    /// A waiting connection was accepted, or is gone.
    pub fn on_accepted(&mut self) {}
}
