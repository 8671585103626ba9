//! Timers: what is due, and when the next thing is.
use super::{Connection, Event, State};
use crate::stack::tcp::sender::Due as SenderDue;
use crate::stack::tcp::timers::Timer;
use crate::time::{MILLISECOND, Nanos, SECOND};

/// How long sent bytes may stay unacknowledged: 15 retransmissions from 200 ms on, each twice as
/// late as the one before and none by more than 2 minutes, as Linux has it (RFC 9293 §3.8.3 asks
/// for 100 s at least).
const PATIENCE: Nanos = 924_600 * MILLISECOND;
/// The longest wait between two window probes (RFC 9293 §3.8.6.1 leaves it open; RFC 6298 §2.5).
const LONGEST_PROBE_WAIT: Nanos = 60 * SECOND;
/// After so long without anything, empty buffers go back.
const REST: Nanos = SECOND;
/// A peer may keep its window shut for ever (RFC 9293 §3.8.6.1), but not on a program that is gone
/// (RFC 6429 §3): after so many probes that is the end.
const PROBES_FOR_NOBODY: u32 = 15;

impl Connection {
    /// Does what is due.
    pub fn on_timer(&mut self, now: Nanos) {
        while let Some(timer) = self.timers.take_due(now) {
            self.fire(timer, now);
        }
        while self.is_sender_due(now) {
            match self.sender.on_timer(now) {
                SenderDue::Nothing => break,
                SenderDue::Retransmit => {}
                SenderDue::Probe => self.due.loss_probe = true,
                SenderDue::Timeout => self.suspect_black_hole(now),
            }
            self.watch_probe(now);
        }
    }

    fn is_sender_due(&self, now: Nanos) -> bool {
        self.state.may_send() && self.sender.deadline().is_some_and(|at| at <= now)
    }

    fn fire(&mut self, timer: Timer, now: Nanos) {
        match timer {
            Timer::Handshake => self.on_handshake_timer(now),
            Timer::Acknowledge => self.acks.on_timer(),
            Timer::Persist => self.on_persist_timer(now),
            Timer::Keepalive => self.on_keepalive_timer(now),
            Timer::Linger => self.end(Event::Expired),
            Timer::GiveUp => self.give_up(now),
            Timer::Search => self.on_search_timer(),
            Timer::Rest => self.on_rest_timer(now),
        }
    }

    /// The peer's window is shut, or has silly room: asks for it (RFC 9293 §3.8.6.1), or sends what
    /// there is room for (§3.8.6.2.1).
    fn on_persist_timer(&mut self, now: Nanos) {
        if self.closed && self.tries >= PROBES_FOR_NOBODY {
            return self.give_up(now);
        }
        self.tries += 1;
        self.due.forced = self.peer.edge > self.next();
        self.due.window_probe = !self.due.forced;
        self.limit_patience(now);
    }

    /// Where unsent bytes wait for the window and nothing is under way that would be answered.
    pub(super) fn watch_window(&mut self, now: Nanos) {
        let stuck = self.state.may_send()
            && self.has_unsent()
            && self.next() == self.una()
            && self.is_held_by_window();
        if stuck {
            let wait = self.sender.rto().saturating_mul(1 << self.tries.min(10));
            self.timers
                .arm(Timer::Persist, now + wait.min(LONGEST_PROBE_WAIT));
        }
    }

    /// From now on the peer has so long to answer.
    pub(super) fn limit_patience(&mut self, now: Nanos) {
        let patience = match (self.options.user_timeout, self.state.is_synchronized()) {
            (Some(patience), _) => patience,
            (None, true) => PATIENCE,
            // SYN has its own count.
            (None, false) => return,
        };
        self.timers.arm(Timer::GiveUp, now.saturating_add(patience));
    }

    /// An acknowledgement came: with progress, patience begins anew; with nothing under way, it has
    /// no end. A peer that has shut its window on what is under way answers, if only that.
    pub(super) fn watch_patience(&mut self, progress: bool, now: Nanos) {
        let idle = self.una() == self.next();
        if idle || progress || self.peer.size == 0 {
            self.timers.clear(Timer::GiveUp);
        }
        if !idle {
            self.limit_patience(now);
        }
    }

    /// Expects a sign of life, if the program wants that (RFC 9293 §3.8.4).
    pub(super) fn expect_life(&mut self, now: Nanos) {
        if let Some(idle) = self.options.keepalive_idle {
            self.timers.set(Timer::Keepalive, now.saturating_add(idle));
        } else {
            self.timers.clear(Timer::Keepalive);
        }
    }

    fn on_keepalive_timer(&mut self, now: Nanos) {
        let Some(idle) = self.options.keepalive_idle else {
            return;
        };
        let due = self.last_heard.saturating_add(idle);
        if due > now {
            self.timers.set(Timer::Keepalive, due);
        } else if self.has_unsent() || self.una() != self.next() {
            // What is under way asks already.
            self.expect_life(now);
        } else if self.keepalives >= self.options.keepalive_count {
            self.give_up(now);
        } else {
            self.keepalives += 1;
            self.due.window_probe = true;
            self.timers.set(
                Timer::Keepalive,
                now + self.options.keepalive_interval.max(1),
            );
        }
    }

    /// A buffer is empty: its memory goes back if it stays so.
    pub(super) fn rest_soon(&mut self, now: Nanos) {
        if self.outbox.capacity() + self.inbox.capacity() > 0 && self.state != State::Closed {
            self.timers.arm(Timer::Rest, now + REST);
        }
    }

    fn on_rest_timer(&mut self, now: Nanos) {
        let rested = self.last_active.max(self.last_heard).saturating_add(REST);
        if rested > now {
            self.timers.set(Timer::Rest, rested);
        } else {
            self.outbox.release();
            self.inbox.release();
        }
    }
}
