//! Round-trip times, and the retransmission timeout that follows from them (RFC 6298).
use crate::time::{MILLISECOND, Nanos, SECOND};

/// The least that the timeout is above the round-trip time, in the place of RFC 6298's clock
/// granularity G: what Linux and gVisor have as the smallest timeout, and longer than peers delay
/// their acknowledgements.
const FLOOR: Nanos = 200 * MILLISECOND;
/// Before the first sample (RFC 6298 §2.1), and after a SYN was lost (§5.7).
const INITIAL: Nanos = SECOND;
const AFTER_LOST_SYN: Nanos = 3 * SECOND;
/// The longest timeout (§2.5 asks for at least 60 s); Linux and gVisor have this one.
const LONGEST: Nanos = 120 * SECOND;
/// Bits behind the point, so that small gains lose nothing.
const FRACTION: u32 = 16;
/// A longer time is no round trip; keeps the arithmetic in 64 bits.
const LIMIT: Nanos = 3600 * SECOND;

/// The estimators.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundTrip {
    /// Both in nanoseconds with [`FRACTION`] bits behind the point; none before the first sample.
    estimate: Option<(i64, i64)>,
    initial: Nanos,
    backoff: u32,
    latest: Nanos,
    minimum: Minimum,
}

impl RoundTrip {
    pub(super) fn new() -> Self {
        Self {
            estimate: None,
            initial: INITIAL,
            backoff: 0,
            latest: 0,
            minimum: Minimum::default(),
        }
    }

    /// SYN or SYN-ACK was sent again: no sample, and a longer timeout at first (§5.7).
    pub(super) fn on_lost_syn(&mut self) {
        self.initial = AFTER_LOST_SYN;
    }

    /// A sample from a segment that was sent once (Karn), or whose echo tells which sending it is of.
    /// `expected` is how many samples a round trip gives: the gains are shared among them (RFC 7323,
    /// appendix G). Ends the backoff.
    pub(super) fn sample(&mut self, rtt: Nanos, expected: u64, now: Nanos) {
        let rtt = rtt.clamp(1, LIMIT);
        self.latest = rtt;
        self.backoff = 0;
        self.minimum.update(rtt, now);
        let scaled = (rtt as i64) << FRACTION;
        let expected = expected.clamp(1, 1 << 20) as i64;
        self.estimate = Some(match self.estimate {
            None => (scaled, scaled / 2),
            Some((srtt, rttvar)) => {
                let error = scaled - srtt;
                (
                    srtt + error / (8 * expected),
                    rttvar + (error.abs() - rttvar) / (4 * expected),
                )
            }
        });
    }

    /// The timer went off (§5.5).
    pub(super) fn back_off(&mut self) {
        self.backoff = (self.backoff + 1).min(16);
    }

    /// It went off by mistake (RFC 5682 §4, RFC 4015 §3.3).
    pub(super) fn end_backoff(&mut self) {
        self.backoff = 0;
    }

    /// The timeout, with its backoff (§2.2, §2.3, §5.5).
    pub(super) fn rto(&self) -> Nanos {
        let base = match self.estimate {
            None => self.initial,
            Some(_) => self.srtt() + (4 * self.rttvar()).max(FLOOR),
        };
        base.saturating_mul(1 << self.backoff).min(LONGEST)
    }

    /// 0 before the first sample.
    pub(super) fn srtt(&self) -> Nanos {
        self.estimate
            .map_or(0, |(srtt, _)| (srtt >> FRACTION) as Nanos)
    }

    pub(super) fn rttvar(&self) -> Nanos {
        self.estimate
            .map_or(0, |(_, rttvar)| (rttvar >> FRACTION) as Nanos)
    }

    /// The last sample; 0 before the first.
    pub(super) fn latest(&self) -> Nanos {
        self.latest
    }

    /// 0 before the first sample.
    pub(super) fn min(&self) -> Nanos {
        self.minimum.get()
    }
}

/// The smallest of the last few minutes (RFC 8985 §6.2 asks for such a window): of a ring of periods,
/// so that it is exact to a period and costs nothing per sample.
#[derive(Clone, Copy, Debug, Default)]
struct Minimum {
    periods: [Option<Nanos>; PERIODS],
    /// Number of the newest period.
    newest: u64,
}

const PERIODS: usize = 4;
const PERIOD: Nanos = 75 * SECOND;

impl Minimum {
    fn update(&mut self, value: Nanos, now: Nanos) {
        let period = now / PERIOD;
        let passed = period.saturating_sub(self.newest).min(PERIODS as u64);
        for back in 0..passed {
            self.periods[((period - back) % PERIODS as u64) as usize] = None;
        }
        self.newest = self.newest.max(period);
        let slot = &mut self.periods[(self.newest % PERIODS as u64) as usize];
        *slot = Some(slot.map_or(value, |least| least.min(value)));
    }

    fn get(&self) -> Nanos {
        self.periods.iter().flatten().copied().min().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOOR, PERIOD, RoundTrip};
    use crate::time::{MILLISECOND, SECOND};

    const MS: u64 = MILLISECOND;

    #[test]
    fn it_begins_with_a_second_or_three() {
        let mut rtt = RoundTrip::new();
        assert_eq!((rtt.rto(), rtt.srtt(), rtt.min()), (SECOND, 0, 0));
        rtt.on_lost_syn();
        assert_eq!(rtt.rto(), 3 * SECOND);
    }

    /// RFC 6298 §2.2 and §2.3 by hand: 100 ms, then 180 ms.
    #[test]
    fn samples_follow_the_formula() {
        let mut rtt = RoundTrip::new();
        rtt.sample(100 * MS, 1, 0);
        assert_eq!((rtt.srtt(), rtt.rttvar()), (100 * MS, 50 * MS));
        assert_eq!(rtt.rto(), 300 * MS);
        rtt.sample(180 * MS, 1, 0);
        assert_eq!((rtt.srtt(), rtt.rttvar()), (110 * MS, 57_500_000));
        assert_eq!(rtt.rto(), 340 * MS);
    }

    #[test]
    fn the_timeout_is_above_a_steady_round_trip() {
        let mut rtt = RoundTrip::new();
        (0..100).for_each(|_| rtt.sample(MS, 1, 0));
        assert_eq!(rtt.rto(), MS + FLOOR);
    }

    /// Five samples with a fifth of the gain do about what one does (RFC 7323, appendix G).
    #[test]
    fn gains_are_shared_within_a_round_trip() {
        let (mut one, mut five) = (RoundTrip::new(), RoundTrip::new());
        one.sample(100 * MS, 1, 0);
        five.sample(100 * MS, 5, 0);
        one.sample(140 * MS, 1, 0);
        (0..5).for_each(|_| five.sample(140 * MS, 5, 0));
        assert_eq!(one.srtt(), 105 * MS);
        assert!(five.srtt().abs_diff(105 * MS) < MS, "{}", five.srtt());
    }

    #[test]
    fn the_backoff_doubles_to_two_minutes_and_ends_with_a_sample() {
        let mut rtt = RoundTrip::new();
        let timeouts: Vec<u64> = (0..9)
            .map(|_| {
                let timeout = rtt.rto() / SECOND;
                rtt.back_off();
                timeout
            })
            .collect();
        assert_eq!(timeouts, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        rtt.sample(100 * MS, 1, 0);
        assert_eq!(rtt.rto(), 300 * MS);
    }

    #[test]
    fn the_minimum_is_forgotten_after_minutes() {
        let mut rtt = RoundTrip::new();
        rtt.sample(10 * MS, 1, 0);
        rtt.sample(50 * MS, 1, PERIOD);
        rtt.sample(50 * MS, 1, 3 * PERIOD);
        assert_eq!(rtt.min(), 10 * MS);
        rtt.sample(60 * MS, 1, 4 * PERIOD);
        assert_eq!(rtt.min(), 50 * MS);
        rtt.sample(70 * MS, 1, 1000 * PERIOD);
        assert_eq!(rtt.min(), 70 * MS);
    }
}
