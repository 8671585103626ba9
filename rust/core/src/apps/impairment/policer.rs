//! A token bucket that drops: what exceeds a rate and a burst does not pass.
use crate::time::{Nanos, SECOND};

/// Tokens are billionths of a bit, of which `r` bit/s bring `r` in a nanosecond: nothing is lost
/// to rounding.
const TOKENS_PER_BYTE: u128 = 8 * SECOND as u128;

/// A policer: T = min(B, T + rΔt), and a packet of L ≤ T passes and takes L. So the bytes that
/// pass in any time w are at most r·w + B.
#[derive(Clone, Debug)]
pub struct Policer {
    rate: u64,
    burst: u128,
    tokens: u128,
    at: Nanos,
}

impl Policer {
    /// A full bucket of `burst` bytes at `now`.
    #[must_use]
    pub fn new(bits_per_second: u64, burst: u64, now: Nanos) -> Self {
        let burst = u128::from(burst) * TOKENS_PER_BYTE;
        Self {
            rate: bits_per_second,
            burst,
            tokens: burst,
            at: now,
        }
    }

    /// Whether a packet of `len` bytes passes at `now`; it takes its tokens if so.
    #[inline]
    pub fn admit(&mut self, len: u32, now: Nanos) -> bool {
        self.fill(now);
        let cost = u128::from(len) * TOKENS_PER_BYTE;
        let passes = cost <= self.tokens;
        if passes {
            self.tokens -= cost;
        }
        passes
    }

    /// Changes rate and burst; the tokens stay, up to the new burst.
    pub fn set(&mut self, bits_per_second: u64, burst: u64, now: Nanos) {
        self.fill(now);
        self.rate = bits_per_second;
        self.burst = u128::from(burst) * TOKENS_PER_BYTE;
        self.tokens = self.tokens.min(self.burst);
    }

    #[inline]
    fn fill(&mut self, now: Nanos) {
        let elapsed = now.saturating_sub(self.at);
        let earned = u128::from(elapsed) * u128::from(self.rate);
        self.tokens = (self.tokens + earned).min(self.burst);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_packet_passes_at_the_very_nanosecond_of_its_last_token() {
        let mut policer = Policer::new(8_000_000, 1500, 0);
        assert!(policer.admit(1500, 0) && !policer.admit(1, 0));
        assert!(!policer.admit(1000, 999_999) && policer.admit(1000, 1_000_000));
        let mut odd = Policer::new(3, 1, 0);
        assert!(odd.admit(1, 0));
        assert!(!odd.admit(1, 2_666_666_666) && odd.admit(1, 2_666_666_667));
    }

    #[test]
    fn a_saturated_policer_passes_its_rate() {
        let mut policer = Policer::new(7_777_777, 3000, 0);
        let passed = (0..10_000_000).step_by(100);
        let passed = passed.filter(|us| policer.admit(125, us * 1000)).count();
        let expected = 3000.0 + 7_777_777.0 / 8.0 * 9.9999;
        assert!(
            (passed as f64 * 125.0 - expected).abs() <= 125.0,
            "{passed}"
        );
    }

    proptest! {
        #[test]
        fn no_window_exceeds_rate_and_burst(
            rate in 1_000_u64..1_000_000_000,
            burst in 100_u64..100_000,
            arrivals in prop::collection::vec((0_u64..5_000_000, 1_u32..1500), 1..200),
        ) {
            let mut policer = Policer::new(rate, burst, 0);
            let (mut now, mut passed) = (0, vec![]);
            for (gap, len) in arrivals {
                now += gap;
                if policer.admit(len, now) {
                    passed.push((now, u128::from(len)));
                }
            }
            for first in 0..passed.len() {
                let mut bytes = 0;
                for (at, len) in &passed[first..] {
                    bytes += len;
                    let earned = u128::from(at - passed[first].0) * u128::from(rate);
                    prop_assert!(bytes * TOKENS_PER_BYTE <= earned + u128::from(burst) * TOKENS_PER_BYTE);
                }
            }
        }
    }
}
