//! netem's integer draws.

use crate::rng::Stream;

/// 2³², the range of a draw.
const RANGE: u64 = 1 << 32;

/// netem's correlated generator: x = (1 - ρ)U + ρx of the draw before, in 32-bit integers. It
/// narrows the draws; that is why netem's correlated effects do not have their probability.
///
/// The first x before all others is drawn from the stream; netem takes an unseeded one.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    stream: Stream,
    last: u32,
}

impl Generator {
    pub(super) fn new(mut stream: Stream) -> Self {
        let last = stream.next_u32();
        Self { stream, last }
    }

    /// The next x for ρ = `correlation`/2³².
    #[inline]
    pub(super) fn next(&mut self, correlation: u64) -> u32 {
        let fresh = self.stream.next_u32();
        if correlation == 0 {
            return fresh;
        }
        let sum = u128::from(fresh) * u128::from(RANGE - correlation)
            + u128::from(self.last) * u128::from(correlation);
        self.last = (sum >> 32) as u32;
        self.last
    }

    /// Whether an event of probability `chance` happens: p ≥ x.
    #[inline]
    pub(super) fn hits(&mut self, chance: Chance) -> bool {
        chance.threshold > 0 && chance.threshold >= self.next(chance.correlation)
    }
}

/// A probability and a correlation as netem holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chance {
    threshold: u32,
    correlation: u64,
}

impl Chance {
    pub(super) fn new(p: f64, correlation: f64) -> Self {
        Self {
            threshold: libm::rint(p * f64::from(u32::MAX)) as u32,
            correlation: fraction(correlation),
        }
    }
}

/// 0 to 1 as a multiple of 2⁻³².
pub(super) fn fraction(correlation: f64) -> u64 {
    (libm::rint(correlation * RANGE as f64) as u64).min(RANGE)
}

#[cfg(test)]
mod tests {
    use super::{Chance, Generator};
    use crate::rng::Stream;

    fn hits(p: f64, correlation: f64, count: u32) -> f64 {
        let mut generator = Generator::new(Stream::new(71, "netem"));
        let chance = Chance::new(p, correlation);
        let hits = (0..count).filter(|_| generator.hits(chance)).count();
        hits as f64 / f64::from(count)
    }

    #[test]
    fn the_manual_pages_example_loses_nothing() {
        assert_eq!(hits(0.003, 0.25, 3_000_000), 0.0);
    }

    /// Shares measured on an integer simulation of the definition, in percent.
    #[test]
    fn correlated_events_are_as_rare_as_netems() {
        for (p, correlation, percent, within) in [
            (0.01, 0.25, 0.0003, 0.001),
            (0.05, 0.25, 0.19, 0.02),
            (0.10, 0.25, 1.75, 0.05),
            (0.10, 0.50, 0.11, 0.02),
            (0.20, 0.50, 2.9, 0.1),
            (0.50, 0.50, 50.0, 0.3),
        ] {
            let found = 100.0 * hits(p, correlation, 1_000_000);
            assert!(
                (found - percent).abs() < within,
                "{p} {correlation}: {found} %"
            );
        }
    }

    #[test]
    fn without_correlation_the_probability_is_kept() {
        assert!((hits(0.01, 0.0, 1_000_000) - 0.01).abs() < 3e-4);
        assert_eq!((hits(0.0, 0.0, 1000), hits(1.0, 0.0, 1000)), (0.0, 1.0));
    }
}
