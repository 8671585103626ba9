//! The text of a segment, and FIN: the last two steps of RFC 9293 §3.10.7.4.
use super::{Connection, Event, State};
use crate::stack::event::Readiness;
use crate::stack::tcp::reassembly::Arrival;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::stack::tcp::timers::Timer;
use crate::time::Nanos;

impl Connection {
    /// What the segment carries from `at` on.
    pub(super) fn on_text(&mut self, at: u64, segment: &Segment<'_>, now: Nanos) {
        let fin = segment.flags.has(Flags::FIN);
        if !self.state.may_receive() || (segment.payload.is_empty() && !fin) {
            return;
        }
        if self.closed && at + segment.payload.len() as u64 > self.inbox.next() {
            // Nobody will read it (RFC 9293 §3.6, RFC 2525 §2.17).
            return self.reset(now);
        }
        self.ecn.on_data(segment.flags, segment.ecn);
        let arrival = self.take_text(at, segment, fin);
        if arrival == Arrival::OutOfOrder && !self.sack {
            // Each is a duplicate acknowledgement for a peer that counts them.
            self.acks.one_more();
        }
        let wait = self
            .acks
            .on_arrival(segment.payload.len(), segment.packets, arrival, now);
        if let Some(at) = wait {
            self.timers.arm(Timer::Acknowledge, at);
        }
        self.tell_arrival(now);
    }

    /// Takes what lies in the window.
    fn take_text(&mut self, at: u64, segment: &Segment<'_>, fin: bool) -> Arrival {
        let room = self.window.edge().saturating_sub(at);
        let all = segment.payload.len() as u64;
        if all + u64::from(fin) <= room {
            return self.inbox.insert(at, segment.payload, fin);
        }
        let within = segment.payload.get(..room.min(all) as usize).unwrap_or(&[]);
        match self.inbox.insert(at, within, false) {
            // What was cut off has to come again: say so at once.
            Arrival::InOrder => Arrival::FilledHole,
            arrival => arrival,
        }
    }

    fn tell_arrival(&mut self, now: Nanos) {
        if self.inbox.readable() > 0 {
            self.signals.readable();
        }
        if self.inbox.is_finished() {
            self.on_fin(now);
        }
    }

    /// Everything that the peer sends is here.
    fn on_fin(&mut self, now: Nanos) {
        self.signals.raise(Readiness::FINISHED);
        self.signals.readable();
        self.acks.now();
        self.turn(Event::Fin);
        if self.state == State::TimeWait {
            self.linger(now);
        }
    }
}
