//! Which packets overtake those that wait out the delay.

use super::coin::Coin;
use super::spec::ReorderSpec;
use crate::rng::Stream;

/// Of each `gap` packets the last may be sent at once, with probability p; where it is not, the
/// next one may.
#[derive(Clone, Debug)]
pub struct Reorder {
    coin: Coin,
    gap: u32,
    /// Packets delayed since one was sent at once.
    counter: u32,
}

impl Reorder {
    /// The effect that a config describes.
    #[must_use]
    pub fn new(spec: &ReorderSpec, stream: Stream) -> Self {
        Self {
            coin: Coin::new(spec.p, spec.correlation, stream),
            gap: spec.gap.max(1),
            counter: 0,
        }
    }

    /// Other parameters for the packets to come; the count goes on.
    pub fn reconfigure(&mut self, spec: &ReorderSpec) {
        self.coin.reconfigure(spec.p, spec.correlation);
        self.gap = spec.gap.max(1);
    }

    /// Whether the next packet is sent at once. One draw where `gap` allows it, else none.
    #[inline]
    pub fn sends_now(&mut self) -> bool {
        let now = self.counter >= self.gap - 1 && self.coin.toss();
        self.counter = if now {
            0
        } else {
            self.counter.saturating_add(1)
        };
        now
    }
}

#[cfg(test)]
mod tests {
    use super::Reorder;
    use crate::apps::impairment::spec::ReorderSpec;
    use crate::rng::Stream;

    fn pattern(p: f64, gap: u32, count: usize) -> Vec<bool> {
        let spec = ReorderSpec {
            p,
            correlation: 0.0,
            gap,
        };
        let mut reorder = Reorder::new(&spec, Stream::new(61, "reorder"));
        (0..count).map(|_| reorder.sends_now()).collect()
    }

    #[test]
    fn certain_reordering_takes_every_last_of_a_gap() {
        let every_fifth: Vec<bool> = (1..=20).map(|i| i % 5 == 0).collect();
        assert_eq!(pattern(1.0, 5, 20), every_fifth);
        assert_eq!(pattern(1.0, 1, 3), [true; 3]);
        assert_eq!(pattern(0.0, 1, 3), [false; 3]);
    }

    #[test]
    fn exact_counts_by_seed() {
        let count = |p, gap| pattern(p, gap, 100_000).iter().filter(|&&now| now).count();
        assert_eq!((count(0.25, 1), count(0.5, 5)), (25_192, 16_717));
    }

    #[test]
    fn a_gap_is_never_shorter_and_geometric_beyond() {
        let sent = pattern(0.5, 5, 300_000);
        let places = (0..sent.len()).filter(|&i| sent[i]);
        let places: Vec<usize> = places.collect();
        let gaps = places.windows(2).map(|w| w[1] - w[0]);
        assert_eq!(gaps.clone().min(), Some(5));
        let mean = gaps.clone().sum::<usize>() as f64 / (places.len() - 1) as f64;
        assert!(
            (mean - 6.0).abs() < 3.0 * (2.0 / places.len() as f64).sqrt(),
            "{mean}"
        );
    }
}
