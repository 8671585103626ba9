//! Whether slowing down was a mistake, and what was sent again had arrived all along.
//!
//! The peer can tell in two ways: the acknowledgement of what was sent again echoes a timestamp from
//! before (Eifel, RFC 3522), or all that was sent again is reported as a duplicate (RFC 3708).
use super::delivery::{Delivery, is_before};
use super::ranges::Ranges;
use std::ops::Range;

/// What was sent again since the sender slowed down last.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    /// Whether there is something to take back.
    armed: bool,
    /// What was sent again and not reported as a duplicate.
    again: Ranges,
    /// Something was sent again twice, so that duplicates prove nothing.
    twice: bool,
    /// TSval of the first retransmission.
    first: Option<u32>,
    /// Whether anything was sent again.
    touched: bool,
    /// Recovery is over; reports that come after this offset is acknowledged are about other things.
    until: Option<u64>,
}

impl Undo {
    /// The sender slows down.
    pub(super) fn begin(&mut self) {
        *self = Self {
            armed: true,
            ..Self::default()
        };
    }

    /// There is nothing to take back (any more).
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Recovery is over; D-SACKs may come for a round trip more.
    pub(super) fn expire(&mut self, next: u64) {
        self.until = Some(next);
    }

    pub(super) fn on_retransmit(&mut self, range: &Range<u64>, tsval: u32) {
        if self.armed && self.until.is_none() {
            self.twice |= self.again.meets(range);
            self.again.insert(range.clone());
            self.first.get_or_insert(tsval);
            self.touched = true;
        }
    }

    /// The recovery ended, and nothing was sent again in it.
    pub(super) fn is_untouched(&self) -> bool {
        self.armed && !self.touched
    }

    /// A range arrived twice; whether now all that was sent again has.
    pub(super) fn on_duplicate(&mut self, range: &Range<u64>) -> bool {
        let before = self.again.total();
        self.again.remove(range.clone());
        self.armed && before > 0 && self.again.is_empty() && !self.twice
    }

    /// Whether the acknowledgement of what was sent again echoes a timestamp from before: before the
    /// sender slowed down, and not that of a retransmission from an earlier time in the same recovery.
    pub(super) fn is_late(&self, delivery: &Delivery, echo: Option<u32>) -> bool {
        let (Some(head), Some(echo), Some(first)) = (delivery.head, echo, self.first) else {
            return false;
        };
        let original = is_before(echo, first) && is_before(echo, head.timestamp);
        self.armed && head.was_retransmitted() && original
    }

    pub(super) fn on_ack(&mut self, una: u64) {
        if self.until.is_some_and(|until| una > until) {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::delivery::{Context, Delivery};
    use super::super::rate::Snapshot;
    use super::super::scoreboard::Sent;
    use super::Undo;

    #[test]
    fn all_that_was_sent_again_has_to_be_reported() {
        let mut undo = Undo::default();
        undo.begin();
        assert!(undo.is_untouched());
        undo.on_retransmit(&(0..1000), 5);
        undo.on_retransmit(&(2000..3000), 6);
        assert!(!undo.on_duplicate(&(0..1000)));
        assert!(!undo.on_duplicate(&(0..1000)));
        assert!(undo.on_duplicate(&(2000..3000)));
        assert!(!undo.on_duplicate(&(2000..3000)));
    }

    #[test]
    fn what_was_sent_again_twice_proves_nothing() {
        let mut undo = Undo::default();
        undo.begin();
        undo.on_retransmit(&(0..1000), 5);
        undo.on_retransmit(&(0..500), 6);
        assert!(!undo.on_duplicate(&(0..1000)));
    }

    fn acknowledged(first: u32, last: u32) -> Delivery {
        let context = Context {
            now: 0,
            una: 0,
            echo: None,
            min_rtt: 0,
            highest: 0,
        };
        let mut delivery = Delivery::new(context);
        delivery.head = Some(Sent {
            end: 1000,
            serial: 2,
            sent_at: 0,
            timestamp: last,
            first_sent_at: 0,
            first_timestamp: first,
            distinct: true,
            transmissions: 2,
            lost: false,
            snapshot: Snapshot::default(),
        });
        delivery
    }

    #[test]
    fn an_echo_from_before_says_that_the_first_transmission_arrived() {
        let mut undo = Undo::default();
        undo.begin();
        undo.on_retransmit(&(0..1000), 5);
        assert!(undo.is_late(&acknowledged(1, 5), Some(1)));
        assert!(!undo.is_late(&acknowledged(1, 5), Some(5)));
    }

    /// It was sent again at 3, and the sender slowed down once more after that.
    #[test]
    fn the_echo_of_an_earlier_retransmission_says_nothing() {
        let mut undo = Undo::default();
        undo.begin();
        undo.on_retransmit(&(5000..6000), 5);
        assert!(!undo.is_late(&acknowledged(1, 3), Some(3)));
        assert!(undo.is_late(&acknowledged(1, 3), Some(1)));
    }

    #[test]
    fn duplicates_count_for_a_round_trip_after_the_recovery() {
        let mut undo = Undo::default();
        undo.begin();
        undo.on_retransmit(&(0..1000), 5);
        undo.expire(5000);
        undo.on_retransmit(&(1000..2000), 6);
        undo.on_ack(5000);
        assert!(undo.on_duplicate(&(0..1000)));
        undo.begin();
        undo.on_retransmit(&(0..1000), 5);
        undo.expire(5000);
        undo.on_ack(5001);
        assert!(!undo.on_duplicate(&(0..1000)));
    }
}
