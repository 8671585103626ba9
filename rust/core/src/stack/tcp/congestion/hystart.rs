//! Slow start, and HyStart++ (RFC 9406), which leaves it before the queue overflows.
//!
//! HyStart++ watches the smallest round-trip time of each round. Where it has risen by an eighth, a
//! queue is building: conservative slow start (CSS) goes on a quarter as fast for five rounds. If the
//! round-trip time falls back meanwhile, the rise was jitter, and slow start resumes; otherwise
//! congestion avoidance begins. It is for the first slow start alone (§4.2).
use super::Ack;
use crate::time::{MILLISECOND, Nanos};

/// RFC 9406 §4.3, the recommended values.
const MIN_RTT_THRESH: Nanos = 4 * MILLISECOND;
const MAX_RTT_THRESH: Nanos = 16 * MILLISECOND;
const MIN_RTT_DIVISOR: u64 = 8;
const N_RTT_SAMPLE: u32 = 8;
const CSS_GROWTH_DIVISOR: u64 = 4;
const CSS_ROUNDS: u32 = 5;

/// No round-trip time yet.
const NONE: Nanos = Nanos::MAX;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// The first slow start.
    Standard,
    /// Conservative slow start: entered at this round-trip time, and this many rounds are over.
    Conservative { baseline: Nanos, rounds: u32 },
    /// The first slow start is over. Later ones, after a timeout, run as in RFC 5681.
    Over,
}

/// By how much a window grows in slow start, and when the first one ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowStart {
    phase: Phase,
    /// Segments that one acknowledgement may count for (L); none where the sender paces.
    limit: Option<u64>,
    /// The round ends where this byte of the stream is acknowledged.
    round_end: u64,
    last_min: Nanos,
    current_min: Nanos,
    samples: u32,
}

impl SlowStart {
    /// Of a new connection; `limit` is L in segments (RFC 3465 §2.2, RFC 9406 §4.3).
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self {
            phase: Phase::Standard,
            limit,
            round_end: 0,
            last_min: NONE,
            current_min: NONE,
            samples: 0,
        }
    }

    /// Changes L, as the sender begins or ceases to pace.
    pub(super) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// Whether the first slow start is over.
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Ends the first slow start: something was lost or marked.
    pub(super) fn finish(&mut self) {
        self.phase = Phase::Over;
    }

    /// The bytes by which an acknowledgement lets the window grow; 0 where it ends slow start.
    pub(super) fn on_ack(&mut self, ack: &Ack, mss: u64) -> u64 {
        if !self.is_over() {
            self.turn_round(ack);
            self.sample(ack.rtt);
        }
        let most = self.limit.map_or(u64::MAX, |segments| segments * mss);
        let counted = ack.newly_acked.min(most);
        match self.phase {
            Phase::Conservative { .. } => counted / CSS_GROWTH_DIVISOR,
            Phase::Standard | Phase::Over => counted,
        }
    }

    /// Begins the next round where the last byte of this one is acknowledged (§4.2).
    fn turn_round(&mut self, ack: &Ack) {
        if ack.flight.una < self.round_end {
            return;
        }
        self.round_end = ack.flight.next;
        self.last_min = self.current_min;
        self.current_min = NONE;
        self.samples = 0;
        if let Phase::Conservative { rounds, .. } = &mut self.phase {
            *rounds += 1;
            if *rounds >= CSS_ROUNDS {
                self.finish();
            }
        }
    }

    fn sample(&mut self, rtt: Option<Nanos>) {
        let Some(rtt) = rtt else { return };
        self.current_min = self.current_min.min(rtt);
        self.samples += 1;
        if self.samples >= N_RTT_SAMPLE {
            self.judge();
        }
    }

    /// Into conservative slow start as the round-trip time rises, and back as it falls.
    fn judge(&mut self) {
        match self.phase {
            Phase::Standard if self.has_risen() => {
                self.phase = Phase::Conservative {
                    baseline: self.current_min,
                    rounds: 0,
                };
            }
            Phase::Conservative { baseline, .. } if self.current_min < baseline => {
                self.phase = Phase::Standard;
            }
            _ => {}
        }
    }

    fn has_risen(&self) -> bool {
        let threshold = (self.last_min / MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH);
        self.last_min != NONE && self.current_min >= self.last_min.saturating_add(threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ack, Flight};
    use super::{Phase, SlowStart};
    use crate::time::{MILLISECOND, Nanos};

    const MSS: u64 = 1000;

    /// Ten segments a round, all of one round-trip time; what the window grew by in it.
    struct Rounds {
        slow_start: SlowStart,
        round: u64,
    }

    impl Rounds {
        fn new(limit: Option<u64>) -> Self {
            Self {
                slow_start: SlowStart::new(limit),
                round: 0,
            }
        }

        fn ack(&mut self, index: u64, rtt: Nanos) -> u64 {
            let una = (self.round * 10 + index) * MSS;
            let flight = Flight {
                una,
                next: una + 10 * MSS,
                ..Flight::default()
            };
            let ack = Ack {
                rtt: Some(rtt),
                newly_acked: MSS,
                flight,
                ..Ack::default()
            };
            self.slow_start.on_ack(&ack, MSS)
        }

        fn run(&mut self, milliseconds: u64) -> u64 {
            let grown = (0..10)
                .map(|index| self.ack(index, milliseconds * MILLISECOND))
                .sum();
            self.round += 1;
            grown
        }
    }

    #[test]
    fn a_steady_round_trip_time_keeps_doubling() {
        let mut rounds = Rounds::new(Some(8));
        assert!((0..20).all(|_| rounds.run(100) == 10 * MSS));
        assert_eq!(rounds.slow_start.phase, Phase::Standard);
    }

    /// The eighth sample of the round decides: 7 segments count whole, 3 a quarter.
    #[test]
    fn a_rise_by_an_eighth_slows_down_at_the_eighth_sample() {
        let mut rounds = Rounds::new(Some(8));
        rounds.run(100);
        assert_eq!(rounds.run(112), 10 * MSS);
        assert_eq!(rounds.run(126), 7 * MSS + 3 * MSS / 4);
    }

    /// Thresholds of 4 ms below 32 ms, and of 16 ms above 128 ms.
    #[test]
    fn the_threshold_has_bounds() {
        for (base, below, at) in [(10, 13, 14), (80, 89, 90), (400, 415, 416)] {
            let mut rounds = Rounds::new(Some(8));
            rounds.run(base);
            assert_eq!(rounds.run(below), 10 * MSS, "{base} -> {below} ms");
            let mut rounds = Rounds::new(Some(8));
            rounds.run(base);
            assert!(rounds.run(at) < 10 * MSS, "{base} -> {at} ms");
        }
    }

    /// The rest of the round of the rise counts as the first of five.
    #[test]
    fn five_conservative_rounds_end_slow_start() {
        let mut rounds = Rounds::new(Some(8));
        rounds.run(100);
        rounds.run(120);
        for _ in 0..4 {
            assert_eq!(rounds.run(120), 10 * MSS / 4);
            assert!(!rounds.slow_start.is_over());
        }
        rounds.ack(0, 120 * MILLISECOND);
        assert!(rounds.slow_start.is_over());
    }

    #[test]
    fn a_fall_back_resumes_slow_start() {
        let mut rounds = Rounds::new(Some(8));
        rounds.run(100);
        rounds.run(120);
        assert_eq!(rounds.run(119), 7 * MSS / 4 + 3 * MSS);
        assert_eq!(rounds.slow_start.phase, Phase::Standard);
    }

    #[test]
    fn fewer_than_eight_samples_decide_nothing() {
        let mut rounds = Rounds::new(Some(8));
        rounds.run(100);
        (0..7).for_each(|index| assert_eq!(rounds.ack(index, 900 * MILLISECOND), MSS));
    }

    #[test]
    fn an_acknowledgement_counts_for_the_limit_at_most() {
        let stretched = |limit| {
            let ack = Ack {
                newly_acked: 40 * MSS,
                ..Ack::default()
            };
            SlowStart::new(limit).on_ack(&ack, MSS)
        };
        assert_eq!(stretched(Some(2)), 2 * MSS);
        assert_eq!(stretched(Some(8)), 8 * MSS);
        assert_eq!(stretched(None), 40 * MSS);
    }

    #[test]
    fn later_slow_starts_ignore_the_delay() {
        let mut rounds = Rounds::new(Some(8));
        rounds.slow_start.finish();
        rounds.run(100);
        assert_eq!(rounds.run(500), 10 * MSS);
    }
}
