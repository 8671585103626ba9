//! What leaves, and what may leave.
use super::scoreboard::Transmission;
use super::{Sender, pacing};
use crate::stack::tcp::congestion::initial_window;
use crate::time::Nanos;
use std::ops::Range;

impl Sender {
    /// A range leaves, new or again; of one segment, or a super-packet of several. `timestamp` is
    /// its TSval; `app_limited` says that nothing more waits behind it.
    pub fn on_sent(&mut self, range: Range<u64>, timestamp: u32, app_limited: bool, now: Nanos) {
        let (una, next) = (self.una(), self.next());
        let range = range.start.clamp(una, next)..range.end;
        if range.is_empty() {
            return;
        }
        (self.clock, self.sent_at) = (now, now);
        let transmission = Transmission {
            sent_at: now,
            timestamp,
            snapshot: self.rate.on_sent(self.in_flight() == 0, now),
        };
        let again = self.board.transmit(range.clone(), &transmission);
        if again > 0 {
            self.on_sent_again(&range, again, timestamp);
        }
        let bytes = again + (self.next() - next);
        self.prr.on_sent(bytes);
        self.pace(bytes, now);
        self.arm_on_sent(&range, again > 0, timestamp);
        self.limit(app_limited);
        let flight = self.flight();
        self.algorithm.on_sent(bytes, &flight);
    }

    fn on_sent_again(&mut self, range: &Range<u64>, bytes: u64, timestamp: u32) {
        self.counters.retransmitted += bytes;
        self.counters.retransmitted_segments += bytes.div_ceil(self.mss);
        self.recovery.forced = false;
        if !self.tail.is_pending() {
            self.undo.on_retransmit(range, timestamp);
        }
    }

    fn pace(&mut self, bytes: u64, now: Nanos) {
        if let Some(rate) = self.pace_to_keep() {
            self.pacer.on_sent(bytes, rate, now);
        }
    }

    /// The pacing rate, but for the first window: it leaves at once, as it would without pacing, so that
    /// a short answer does not take half a round trip more.
    fn pace_to_keep(&self) -> Option<u64> {
        let first = self.next() <= initial_window(self.mss);
        self.pacing_rate().filter(|_| !first)
    }

    /// Remembers what holds sending back: the window, or the program.
    fn limit(&mut self, app_limited: bool) {
        let in_flight = self.in_flight();
        if in_flight + self.mss > self.window() {
            self.limited_until = self.next();
        } else if app_limited && self.board.lost().is_empty() {
            self.rate.on_app_limited(in_flight);
        }
    }

    /// Whether something is lost that was not sent again yet.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        !self.board.lost().is_empty()
    }

    /// The next lost range to send again now, of at most [`Self::quantum`] bytes; none where
    /// nothing is lost, or window or pacing hold it back.
    #[must_use]
    pub fn retransmission(&self, now: Nanos) -> Option<Range<u64>> {
        self.retransmission_within(self.room(now))
    }

    fn retransmission_within(&self, room: u64) -> Option<Range<u64>> {
        let lost = self.board.lost().first()?;
        if self.forward.holds() {
            return None;
        }
        let length = lost.end - lost.start;
        let segment = length.min(self.mss);
        let room = if self.recovery.forced {
            room.max(segment)
        } else {
            room
        };
        if room < segment {
            return None;
        }
        let length = if length <= room {
            length
        } else {
            self.whole(room)
        };
        Some(lost.start..lost.start + length)
    }

    /// What to send again as a tail loss probe where there is no new data: the last segment.
    #[must_use]
    pub fn loss_probe(&self) -> Option<Range<u64>> {
        let (start, sent) = self.board.tail()?;
        let rest = (sent.end - start - 1) % self.mss + 1;
        Some(sent.end - rest..sent.end)
    }

    /// How many bytes of new data may leave now, in whole segments.
    #[must_use]
    pub fn allowance(&self, now: Nanos) -> u64 {
        self.allowance_within(self.room(now))
    }

    fn allowance_within(&self, room: u64) -> u64 {
        let room = self.whole(room);
        if self.tail.is_pending() {
            room.max(self.mss)
        } else if self.forward.holds() {
            // RFC 5682 §2.1, step 2b: two segments.
            let sent = self.next() - self.recovery.point;
            room.min((2 * self.mss).saturating_sub(sent))
        } else {
            room
        }
    }

    /// When pacing lets the next packet go, where pacing and nothing else holds it back. It is for
    /// whoever has something to send: lost ranges, or new data.
    #[must_use]
    pub fn paced_until(&self) -> Option<Nanos> {
        let at = self.pacer.next_at();
        let room = self.window_room();
        let wanted =
            || self.allowance_within(room) > 0 || self.retransmission_within(room).is_some();
        (at > self.clock && self.pace_to_keep().is_some() && wanted()).then_some(at)
    }

    /// Says whether pacing alone holds the next packet back, so that whoever comes late to send it may
    /// make up for that.
    pub fn hold(&mut self, held: bool) {
        self.pacer.hold(held);
    }

    /// The most bytes to hand out at once: about a millisecond of the pacing rate, at least two
    /// segments, at most 64 KiB.
    #[must_use]
    pub fn quantum(&self) -> u64 {
        pacing::quantum(self.pace_to_keep(), self.mss)
    }

    /// Bytes that window and pacing let go now.
    fn room(&self, now: Nanos) -> u64 {
        match self.pace_to_keep() {
            None => self.window_room().min(self.quantum()),
            Some(_) if self.pacer.next_at() > now => 0,
            Some(_) => self.window_room().min(self.quantum()),
        }
    }

    fn window_room(&self) -> u64 {
        self.window().saturating_sub(self.in_flight())
    }

    fn whole(&self, bytes: u64) -> u64 {
        bytes / self.mss * self.mss
    }
}
