//! When to acknowledge: at once, with the second full segment, or a little later (RFC 9293
//! §3.8.6.3, RFC 5681 §4.2).
use super::reassembly::Arrival;
use crate::time::{MILLISECOND, Nanos};

/// RFC 9293 §3.8.6.3: less than half a second.
const LONGEST_DELAY: Nanos = 499 * MILLISECOND;
/// So many segments are acknowledged at once at the beginning and after disorder, since a sender in
/// slow start waits for every one of them; Linux has the same number.
const QUICK: u8 = 16;
/// A peer's segments are thought to be at least so large before one has come (RFC 9293 §3.7.1).
const DEFAULT_SEGMENT: u32 = 536;
/// After such a silence the peer is in slow start again (RFC 5681 §4.1).
const SILENCE: Nanos = 1000 * MILLISECOND;
/// More duplicate acknowledgements than these say nothing new.
const MOST_DUE: u16 = 64;

/// What is owed to the peer in acknowledgements.
#[derive(Debug)]
pub(crate) struct Acks {
    /// How many to send now.
    due: u16,
    /// Bytes that came in order since the last one.
    waiting: u64,
    /// How many more are sent at once.
    quick: u8,
    /// The program answers what it reads: an acknowledgement can ride on the answer.
    interactive: bool,
    /// The largest segment seen.
    full: u32,
    last_arrival: Option<Nanos>,
    delay: Nanos,
}

impl Acks {
    pub(crate) fn new(delay: Nanos) -> Self {
        Self {
            due: 0,
            waiting: 0,
            quick: QUICK,
            interactive: false,
            full: DEFAULT_SEGMENT,
            last_arrival: None,
            delay: delay.min(LONGEST_DELAY),
        }
    }

    pub(crate) fn set_delay(&mut self, delay: Nanos) {
        self.delay = delay.min(LONGEST_DELAY);
    }

    /// Bytes came, in so many packets. Answers whether the acknowledgement may wait: the caller
    /// arms the timer.
    pub(crate) fn on_arrival(
        &mut self,
        len: usize,
        packets: u32,
        arrival: Arrival,
        now: Nanos,
    ) -> Option<Nanos> {
        let last = self.last_arrival.replace(now).unwrap_or(now);
        if now.saturating_sub(last) >= SILENCE && !self.interactive {
            self.quick = QUICK;
        }
        if arrival != Arrival::InOrder {
            self.quick = QUICK;
            self.now();
            return None;
        }
        self.full = self.full.max((len as u32).div_ceil(packets.max(1)));
        self.waiting += len as u64;
        self.in_order(packets, now)
    }

    fn in_order(&mut self, packets: u32, now: Nanos) -> Option<Nanos> {
        // At least every second full segment (RFC 5681 §4.2); a super-packet of several is as if
        // its packets had come one after the other.
        let enough = packets > 1 || self.waiting > u64::from(self.full);
        let quick = self.quick > 0 && !self.interactive;
        if enough || quick || self.delay == 0 {
            self.due = self.due.max(1);
            return None;
        }
        Some(now + self.delay)
    }

    /// One is to be sent now.
    pub(crate) fn now(&mut self) {
        self.due = self.due.max(1);
    }

    /// One more is to be sent now: the peer counts duplicates (RFC 5681 §3.2).
    pub(crate) fn one_more(&mut self) {
        self.due = (self.due + 1).min(MOST_DUE);
    }

    /// The delayed one has to go: there was no answer to ride on.
    pub(crate) fn on_timer(&mut self) {
        self.interactive = false;
        self.now();
    }

    pub(crate) fn is_due(&self) -> bool {
        self.due > 0
    }

    /// A segment with an acknowledgement was sent; with bytes in it, it may have been an answer.
    pub(crate) fn on_sent(&mut self, with_bytes: bool, now: Nanos) {
        let read = self.last_arrival.map(|at| now.saturating_sub(at));
        if with_bytes && read.is_some_and(|since| since < self.delay) {
            self.interactive = true;
        }
        self.due = self.due.saturating_sub(1);
        self.waiting = 0;
        self.quick = self.quick.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Nanos = 40 * MILLISECOND;

    /// One that has given its quick ones away.
    fn slow() -> Acks {
        let mut acks = Acks::new(DELAY);
        (0..QUICK).for_each(|_| acks.on_sent(false, 1));
        acks
    }

    #[test]
    fn the_first_sixteen_go_at_once() {
        let mut acks = Acks::new(DELAY);
        for _ in 0..16 {
            assert_eq!(acks.on_arrival(100, 1, Arrival::InOrder, 5), None);
            assert!(acks.is_due());
            acks.on_sent(false, 5);
        }
        assert_eq!(
            acks.on_arrival(100, 1, Arrival::InOrder, 5),
            Some(5 + DELAY)
        );
        assert!(!acks.is_due());
    }

    #[test]
    fn every_second_full_segment_and_every_super_packet() {
        let mut acks = slow();
        acks.full = 1000;
        assert!(acks.on_arrival(1000, 1, Arrival::InOrder, 5).is_some());
        assert!(acks.on_arrival(1000, 1, Arrival::InOrder, 5).is_none());
        acks.on_sent(false, 5);
        assert!(acks.on_arrival(3000, 3, Arrival::InOrder, 5).is_none());
        assert!(acks.is_due());
    }

    #[test]
    fn disorder_is_answered_at_once_and_for_a_while() {
        for arrival in [Arrival::OutOfOrder, Arrival::FilledHole, Arrival::Duplicate] {
            let mut acks = slow();
            assert_eq!(acks.on_arrival(10, 1, arrival, 5), None);
            assert!(acks.is_due());
            acks.on_sent(false, 5);
            assert_eq!(acks.on_arrival(10, 1, Arrival::InOrder, 5), None);
        }
    }

    #[test]
    fn one_that_answers_lets_the_acknowledgement_ride() {
        let mut acks = Acks::new(DELAY);
        acks.on_arrival(10, 1, Arrival::InOrder, 5);
        acks.on_sent(true, 6);
        assert_eq!(acks.on_arrival(10, 1, Arrival::InOrder, 7), Some(7 + DELAY));
        acks.on_timer();
        assert!(acks.is_due());
        acks.on_sent(false, 7 + DELAY);
        assert_eq!(acks.on_arrival(10, 1, Arrival::InOrder, 8 + DELAY), None);
    }

    #[test]
    fn no_delay_is_longer_than_half_a_second() {
        let mut acks = slow();
        acks.set_delay(Nanos::MAX);
        assert_eq!(
            acks.on_arrival(10, 1, Arrival::InOrder, 5),
            Some(5 + LONGEST_DELAY)
        );
        acks.set_delay(0);
        assert_eq!(acks.on_arrival(10, 1, Arrival::InOrder, 5), None);
    }
}
