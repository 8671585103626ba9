//! Listeners: what happens to segments that no connection knows.
use super::connection::{Connection, Endpoints};
use super::cookie::{self, Cookies};
use super::reply::Reply;
use super::segment::{Flags, Segment};
use crate::stack::options::SocketOptions;
use crate::time::Nanos;

/// What is to be done about a segment for a listening port.
pub enum Verdict {
    /// A connection begins (SYN-RECEIVED): put it into the table.
    Begin(Box<Connection>),
    /// A connection whose SYN cookie came back: put it into the table, and hand the segment on to
    /// it. It stands then, as one that began.
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
    cookies: Cookies,
    /// When a cookie was sent last: only for a while after it an acknowledgement may bring one.
    last_cookie: Option<Nanos>,
}

impl Listener {
    /// Listens, with room for `backlog` connections that stand and wait, and as many half-open ones;
    /// beyond these, SYN cookies (RFC 4987 §3.6) keyed by `secret`.
    #[must_use]
    pub fn new(options: &SocketOptions, backlog: usize, secret: [u64; 2]) -> Self {
        Self {
            options: options.clone(),
            backlog: backlog.max(1),
            half_open: 0,
            waiting: 0,
            cookies: Cookies::new(secret),
            last_cookie: None,
        }
    }

    /// Changes the options that later connections start with.
    pub fn set_options(&mut self, options: &SocketOptions) {
        self.options = options.clone();
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
            return self.on_acknowledgement(segment, endpoints, path_mtu, now);
        }
        if !segment.flags.has(Flags::SYN) || self.is_full() {
            return Verdict::Drop;
        }
        if self.half_open >= self.backlog {
            return Verdict::Answer(self.answer_with_cookie(segment, endpoints, path_mtu, now));
        }
        self.half_open += 1;
        let options = &self.options;
        let connection = Connection::accept(endpoints, options, segment, isn, path_mtu, now);
        Verdict::Begin(Box::new(connection))
    }

    /// It may bring a cookie back; else it belongs to nothing.
    fn on_acknowledgement(
        &mut self,
        segment: &Segment<'_>,
        endpoints: Endpoints,
        path_mtu: u32,
        now: Nanos,
    ) -> Verdict {
        let fresh = self
            .last_cookie
            .is_some_and(|sent| now.saturating_sub(sent) < cookie::LIFE);
        let may_be = fresh && !segment.flags.has(Flags::SYN);
        let syn = may_be
            .then(|| self.cookies.check(&endpoints, segment, now))
            .flatten();
        match syn {
            None => Reply::reset_for(segment).map_or(Verdict::Drop, Verdict::Answer),
            // The peer will send it again, with what it sends then.
            Some(_) if self.is_full() => Verdict::Drop,
            Some(syn) => {
                self.half_open += 1;
                let isn = segment.ack.unwrap_or_default().wrapping_sub(1);
                let connection =
                    Connection::from_cookie(endpoints, &self.options, &syn, isn, path_mtu, now);
                Verdict::Established(Box::new(connection))
            }
        }
    }

    /// The SYN-ACK of a connection that is not kept.
    fn answer_with_cookie(
        &mut self,
        syn: &Segment<'_>,
        endpoints: Endpoints,
        path_mtu: u32,
        now: Nanos,
    ) -> Reply {
        self.last_cookie = Some(now);
        let answer = self
            .cookies
            .answer(&endpoints, syn, &self.options, path_mtu, now);
        Reply::to(syn, answer)
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
