//! Ends: finishing, closing, resets and failures (RFC 9293 §3.6, §3.10.4, §3.10.5).
use super::{Connection, Event, Reset, State};
use crate::stack::error::SocketError;
use crate::stack::event::Readiness;
use crate::stack::tcp::ring::Ring;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::stack::tcp::seq::before;
use crate::stack::tcp::timers::Timer;
use crate::time::{Nanos, SECOND};

/// Twice the maximum segment lifetime, as Linux has it (RFC 9293 §3.4.1 has 2 minutes for one).
const TIME_WAIT: Nanos = 60 * SECOND;

impl Connection {
    /// Finishes sending: FIN behind what waits.
    pub fn shutdown(&mut self, now: Nanos) {
        let _ = now;
        if !std::mem::replace(&mut self.shut, true) {
            self.finish();
        }
    }

    /// Decides on FIN, as soon as the state allows.
    pub(super) fn finish(&mut self) {
        if matches!(self.state, State::Established | State::CloseWait) {
            self.turn(Event::Close);
            self.fin = true;
        }
    }

    /// Nobody reads or writes any more: sends what waits and FIN, and ends by itself. A reset where
    /// bytes were left unread (RFC 2525 §2.17), or come later.
    pub fn close(&mut self, now: Nanos) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        match self.state {
            State::Closed | State::TimeWait => {}
            State::SynSent => self.end(Event::Gone),
            _ if self.inbox.readable() > 0 => self.reset(now),
            State::FinWait2 => self.linger(now),
            _ => self.shutdown(now),
        }
    }

    /// Ends with a reset.
    pub fn abort(&mut self, now: Nanos) {
        self.closed = true;
        self.reset(now);
    }

    /// Resets the peer, and is gone (RFC 9293 §3.10.5).
    pub(super) fn reset(&mut self, now: Nanos) {
        let _ = now;
        if !matches!(self.state, State::Closed | State::TimeWait | State::SynSent) {
            self.due.reset = Some(Reset::Abort);
        }
        if self.state != State::Closed {
            self.failure.get_or_insert(SocketError::ConnectionAborted);
            self.end(Event::Gone);
        }
    }

    /// The connection is lost, and the program hears why.
    pub(super) fn fail(&mut self, error: SocketError, now: Nanos) {
        let _ = now;
        self.failure = Some(error);
        self.signals.error = Some(error);
        self.signals.raise(Readiness::FAILED);
        self.end(Event::Gone);
    }

    /// The peer has been silent for too long: the reason is what ICMP said last, if it did. A reset
    /// tells a peer that comes back.
    pub(super) fn give_up(&mut self, now: Nanos) {
        if self.state.is_synchronized() {
            self.due.reset = Some(Reset::Abort);
        }
        let error = self.soft_error.unwrap_or(SocketError::TimedOut);
        self.fail(error, now);
    }

    /// Nothing is left but what can be read.
    pub(super) fn end(&mut self, event: Event) {
        self.reset_at = (self.next(), self.inbox.next());
        self.turn(event);
        self.timers.clear_all();
        self.outbox = Ring::new(self.outbox.end());
        self.inbox.end(self.closed);
        (self.due.syn, self.due.syn_again) = (false, false);
    }

    /// TIME-WAIT, again from its beginning; or FIN-WAIT-2 whose program is gone, which must not last
    /// for ever either.
    pub(super) fn linger(&mut self, now: Nanos) {
        self.timers.clear_all();
        self.timers.set(Timer::Linger, now + TIME_WAIT);
        self.outbox.release();
        self.inbox.release();
    }

    /// In TIME-WAIT: whether a SYN is so clearly younger that its connection may take this one's
    /// place (RFC 6191 §2). Then forget this one, and hand the segment to the listener.
    #[must_use]
    pub fn gives_way_to(&self, segment: &Segment<'_>) -> bool {
        let syn = segment.flags.has(Flags::SYN) && segment.ack.is_none();
        let after = before(self.peer_origin.seq(self.inbox.next()), segment.seq);
        let younger = match (self.timestamps.on, segment.timestamp) {
            (true, Some((value, _))) if value == self.timestamps.recent() => after,
            (true, Some((value, _))) => before(self.timestamps.recent(), value),
            (false, Some(_)) => true,
            (_, None) => after,
        };
        self.is_time_wait() && syn && !segment.flags.has(Flags::RST) && younger
    }
}
