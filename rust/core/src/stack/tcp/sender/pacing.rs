//! Pacing: packets leave at a rate, not in the bursts in which acknowledgements allow them.
use super::rate;
use crate::time::{MILLISECOND, Nanos, SECOND};

/// What leaves at once, and what may be made up for after a pause: so much time of the rate. Where
/// round trips are shorter, a whole window fits, and pacing holds nothing back.
const BURST: Nanos = MILLISECOND;
/// What is made up for where packets were to leave and nobody came to send them: three slices of a
/// busy machine's scheduler. The line was idle meanwhile, so that no queue grows by it; a sender that
/// let it pass would measure its own lateness as what the path can carry.
const LATE: Nanos = 10 * MILLISECOND;
/// A super-packet holds no more (its length is 16 bits).
const LARGEST: u64 = 65_536;

/// When the next packet may go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pacer {
    next_at: Nanos,
    /// Whether nothing else holds the next packet back.
    held: bool,
}

impl Pacer {
    /// `bytes` leave at `rate`; what was not used of the last millisecond may be made up for, and more
    /// where that was nobody's wish.
    pub(super) fn on_sent(&mut self, bytes: u64, rate: u64, now: Nanos) {
        let most = if self.held { LATE } else { BURST };
        let time = u128::from(bytes) * u128::from(SECOND) / u128::from(rate.max(1));
        let time = u64::try_from(time).unwrap_or(u64::MAX);
        self.next_at = self
            .next_at
            .max(now.saturating_sub(most))
            .saturating_add(time);
    }

    /// Says whether the next packet is there, and waits for nothing but its time.
    pub(super) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    pub(super) fn next_at(&self) -> Nanos {
        self.next_at
    }
}

/// The rate for an algorithm that has only a window: twice a window a round trip in slow start, so
/// that it can double, and 1.2 of one after it (as Linux does). None before the first round trip.
pub(super) fn window_rate(window: u64, slow_start: bool, srtt: Nanos) -> Option<u64> {
    let gain = if slow_start { 20 } else { 12 };
    (srtt > 0).then(|| rate::rate(window.saturating_mul(gain), srtt) / 10)
}

/// A millisecond of the rate in whole segments: at least two, and no more than a super-packet holds.
pub(super) fn quantum(rate: Option<u64>, mss: u64) -> u64 {
    let largest = (LARGEST / mss).max(1);
    let segments = rate.map_or(largest, |rate| rate / (SECOND / BURST) / mss);
    segments.max(2).min(largest) * mss
}

#[cfg(test)]
mod tests {
    use super::{Pacer, quantum, window_rate};
    use crate::time::MILLISECOND;

    #[test]
    fn packets_are_spaced_by_the_rate() {
        let mut pacer = Pacer::default();
        let start = 50 * MILLISECOND;
        // A megabyte a second: a millisecond for 1000 bytes; the first is free after a pause.
        for n in 0..5 {
            pacer.on_sent(1000, 1_000_000, start);
            assert_eq!(pacer.next_at(), start + n * MILLISECOND);
        }
    }

    #[test]
    fn a_millisecond_can_be_made_up_for_and_no_more() {
        let mut pacer = Pacer::default();
        pacer.on_sent(1000, 1_000_000, 0);
        pacer.on_sent(1000, 1_000_000, 90 * MILLISECOND);
        assert_eq!(pacer.next_at(), 90 * MILLISECOND);
    }

    #[test]
    fn who_was_kept_from_sending_makes_up_for_ten() {
        let mut pacer = Pacer::default();
        pacer.on_sent(1000, 1_000_000, 0);
        pacer.hold(true);
        let late = 5 * MILLISECOND;
        for n in 1..=5 {
            pacer.on_sent(1000, 1_000_000, late);
            assert_eq!(pacer.next_at(), (n + 1) * MILLISECOND);
        }
        pacer.on_sent(1000, 1_000_000, 90 * MILLISECOND);
        assert_eq!(pacer.next_at(), 81 * MILLISECOND);
    }

    #[test]
    fn the_rate_is_twice_the_window_in_slow_start() {
        assert_eq!(window_rate(10_000, true, 10 * MILLISECOND), Some(2_000_000));
        assert_eq!(
            window_rate(10_000, false, 10 * MILLISECOND),
            Some(1_200_000)
        );
        assert_eq!(window_rate(10_000, false, 0), None);
    }

    #[test]
    fn a_quantum_is_a_millisecond_within_bounds() {
        assert_eq!(quantum(None, 1000), 65_000);
        assert_eq!(quantum(Some(1_000_000), 1000), 2000);
        assert_eq!(quantum(Some(12_500_000), 1000), 12_000);
        assert_eq!(quantum(Some(1_250_000_000), 1000), 65_000);
        assert_eq!(quantum(Some(1), 65_495), 65_495);
    }
}
