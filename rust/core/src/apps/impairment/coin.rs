//! A coin with a memory: random loss, duplication, corruption and reordering.

use super::spec::CoinSpec;
use crate::rng::Stream;

/// Events of probability p and lag-1 correlation ρ, both exactly.
///
/// A two-state chain: P(event | event before) = p + ρ(1 - p), P(event | none) = p(1 - ρ), so
/// that p is stationary; the first toss has probability p. One draw a toss.
#[derive(Clone, Debug)]
pub struct Coin {
    stream: Stream,
    p: f64,
    after_event: f64,
    after_none: f64,
    last: Option<bool>,
}

impl Coin {
    /// A coin with probability `p` and lag-1 correlation `correlation`, both 0 to 1.
    #[must_use]
    pub fn new(p: f64, correlation: f64, stream: Stream) -> Self {
        Self {
            stream,
            p,
            after_event: p + correlation * (1.0 - p),
            after_none: p * (1.0 - correlation),
            last: None,
        }
    }

    /// The coin that a config describes.
    #[must_use]
    pub fn from_spec(spec: &CoinSpec, stream: Stream) -> Self {
        Self::new(spec.p, spec.correlation, stream)
    }

    /// Other probabilities for the tosses to come; the last toss is remembered.
    pub fn reconfigure(&mut self, p: f64, correlation: f64) {
        let last = self.last;
        *self = Self {
            last,
            ..Self::new(p, correlation, self.stream.clone())
        };
    }

    /// Whether the event happens this time.
    #[inline]
    pub fn toss(&mut self) -> bool {
        let p = match self.last {
            None => self.p,
            Some(true) => self.after_event,
            Some(false) => self.after_none,
        };
        let event = self.stream.chance(p);
        self.last = Some(event);
        event
    }

    /// The long-run share of events, p.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.p
    }

    /// The mean length of a run of events, 1/((1 - ρ)(1 - p)); infinite where they never end.
    #[must_use]
    pub fn mean_run(&self) -> f64 {
        1.0 / (1.0 - self.after_event)
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }
}

#[cfg(test)]
mod tests {
    use super::Coin;
    use crate::rng::Stream;

    fn tosses(p: f64, correlation: f64, count: usize) -> Vec<bool> {
        let mut coin = Coin::new(p, correlation, Stream::new(31, "coin"));
        (0..count).map(|_| coin.toss()).collect()
    }

    #[test]
    fn correlation_keeps_p_and_is_exact() {
        for p in [0.003, 0.05, 0.2, 0.5] {
            for correlation in [0.0, 0.25, 0.5, 0.9] {
                let events = tosses(p, correlation, 1_000_000);
                let count = events.iter().filter(|&&event| event).count() as f64;
                let pairs = events.windows(2).filter(|w| w[0] && w[1]).count() as f64;
                // The chain's events come in clusters: (1+ρ)/(1-ρ) times a plain coin's variance.
                let spread =
                    (1e6 * p * (1.0 - p) * (1.0 + correlation) / (1.0 - correlation)).sqrt();
                assert!(
                    (count - 1e6 * p).abs() < 3.0 * spread,
                    "{p} {correlation} {count}"
                );
                let after_event = p + correlation * (1.0 - p);
                let spread = (count * after_event * (1.0 - after_event)).sqrt();
                assert!(
                    (pairs - count * after_event).abs() < 3.5 * spread,
                    "{p} {correlation}"
                );
            }
        }
    }

    #[test]
    fn certain_coins_are_certain() {
        assert!(tosses(0.0, 0.5, 1000).iter().all(|event| !event));
        assert!(tosses(1.0, 0.5, 1000).iter().all(|&event| event));
        let stuck = tosses(0.5, 1.0, 1000);
        assert!(stuck.iter().all(|&event| event == stuck[0]));
    }

    #[test]
    fn exact_counts_by_seed() {
        let count = |p, c| tosses(p, c, 100_000).iter().filter(|&&event| event).count();
        assert_eq!((count(0.01, 0.0), count(0.01, 0.5)), (1056, 1084));
    }

    #[test]
    fn a_change_remembers_the_last_toss() {
        let mut coin = Coin::new(1.0, 0.0, Stream::new(32, "coin"));
        assert!(coin.toss());
        coin.reconfigure(0.5, 1.0);
        assert!((0..100).all(|_| coin.toss()));
        assert_eq!(coin.stream().position(), 101);
    }
}
