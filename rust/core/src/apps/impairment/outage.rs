//! Times at which the line is down: at a period, or at random.
use crate::rng::Stream;
use crate::time::Nanos;

/// So many periods after a change, which state a random line is in depends on it no more.
const FORGOTTEN: Nanos = 1024;

/// When a line is down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutageParams {
    /// Time down; at random, its mean.
    pub down_ns: Nanos,
    /// Time from one outage to the next; at random, the mean of it.
    pub period_ns: Nanos,
    /// Time until the first outage; at random, until the first time up begins.
    pub offset_ns: Nanos,
    /// Whether times up and down are exponential, with means `period_ns − down_ns` and `down_ns`.
    pub random: bool,
}

/// A line that goes down and comes back. It starts up, and a periodic outage begins `offset_ns`
/// later: at once where that is 0.
#[derive(Clone, Debug)]
pub struct Outage {
    params: OutageParams,
    down: bool,
    changes: Option<Nanos>,
    random: Stream,
}

impl Outage {
    /// An outage whose offset counts from `now`.
    #[must_use]
    pub fn new(params: OutageParams, now: Nanos, random: Stream) -> Self {
        let mut outage = Self {
            params,
            down: false,
            changes: None,
            random,
        };
        let first = now.saturating_add(params.offset_ns);
        if params.down_ns > 0 {
            outage.changes = Some(if params.random {
                first.saturating_add(outage.span(false))
            } else {
                first
            });
        }
        outage
    }

    /// Whether the line is down at `now`, which never goes back.
    #[inline]
    pub fn is_down(&mut self, now: Nanos) -> bool {
        while let Some(at) = self.changes.filter(|at| *at <= now) {
            if self.params.random && (now - at) / self.params.period_ns >= FORGOTTEN {
                self.forget(now);
            } else {
                self.change(at, now);
            }
        }
        self.down
    }

    /// When the line goes down or comes back next, as of the last time asked; none where it
    /// never does.
    #[must_use]
    pub const fn next_change(&self) -> Option<Nanos> {
        self.changes
    }

    fn change(&mut self, at: Nanos, now: Nanos) {
        let OutageParams {
            down_ns, period_ns, ..
        } = self.params;
        self.down = !self.down;
        if !self.params.random && down_ns >= period_ns {
            self.down = true;
            self.changes = None;
        } else if self.params.random {
            self.changes = at.checked_add(self.span(self.down).max(1));
        } else {
            let skipped = (now - at) / period_ns * period_ns;
            let span = if self.down {
                down_ns
            } else {
                period_ns - down_ns
            };
            self.changes = at.checked_add(skipped + span);
        }
    }

    /// Draws the state anew: exponential times have no memory, and one by one they would be
    /// without number where the mean is short.
    fn forget(&mut self, now: Nanos) {
        let OutageParams {
            down_ns, period_ns, ..
        } = self.params;
        self.down = self.random.uniform() * (period_ns as f64) < down_ns as f64;
        self.changes = now.checked_add(self.span(self.down).max(1));
    }

    /// An exponential time with the mean of the state.
    fn span(&mut self, down: bool) -> Nanos {
        let OutageParams {
            down_ns, period_ns, ..
        } = self.params;
        let mean = if down {
            down_ns
        } else {
            period_ns.saturating_sub(down_ns)
        };
        let exponential = -libm::log(1.0 - self.random.uniform());
        libm::round(exponential * mean as f64) as Nanos
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MILLISECOND, SECOND};

    fn outage(down_ns: Nanos, period_ns: Nanos, offset_ns: Nanos, random: bool) -> Outage {
        let params = OutageParams {
            down_ns,
            period_ns,
            offset_ns,
            random,
        };
        Outage::new(params, 100, Stream::new(1, "outage"))
    }

    #[test]
    fn a_periodic_outage_is_down_from_its_offset() {
        let mut line = outage(3, 10, 5, false);
        let down: Vec<_> = (100..130).filter(|now| line.is_down(*now)).collect();
        assert_eq!(down, [105, 106, 107, 115, 116, 117, 125, 126, 127]);
        assert_eq!(line.next_change(), Some(135));
    }

    #[test]
    fn skipping_far_ahead_lands_in_the_right_state() {
        for now in 100..200 {
            let mut line = outage(3, 10, 5, false);
            let expected = now >= 105 && (now - 105) % 10 < 3;
            assert_eq!(line.is_down(now), expected, "{now}");
            let mut far = outage(3, 10, 5, false);
            assert_eq!(
                far.is_down(now + 10_000_000_000),
                now % 10 >= 5 && now % 10 < 8
            );
        }
    }

    #[test]
    fn an_outage_as_long_as_its_period_never_ends() {
        let mut line = outage(10, 10, 5, false);
        assert!(!line.is_down(104) && line.is_down(105) && line.is_down(u64::MAX));
        assert_eq!(line.next_change(), None);
        assert_eq!(outage(0, 10, 5, false).next_change(), None);
        assert_eq!(outage(0, 0, 0, true).next_change(), None);
    }

    #[test]
    fn a_long_silence_ends_in_a_state_of_the_right_share() {
        let mut line = outage(2, 10, 0, true);
        let down = (1..=20_000).filter(|day| line.is_down(day * 86_400 * SECOND));
        let share = down.count() as f64 / 20_000.0;
        // Five deviations of a share of 0.2 among 20,000.
        assert!((share - 0.2).abs() < 0.015, "{share}");
    }

    #[test]
    fn random_times_are_exponential_with_their_means() {
        let mut line = outage(200 * MILLISECOND, SECOND, 0, true);
        assert!(!line.is_down(100));
        let (mut spans, mut last) = ([vec![], vec![]], 100);
        for _ in 0..40_000 {
            let at = line.next_change().unwrap();
            let down = line.is_down(at - 1);
            spans[usize::from(down)].push((at - last) as f64 / 1e6);
            assert_eq!(line.is_down(at), !down);
            last = at;
        }
        for (spans, mean) in spans.iter().zip([800.0, 200.0]) {
            let n = spans.len() as f64;
            let seen = spans.iter().sum::<f64>() / n;
            let variance = spans.iter().map(|span| (span - seen).powi(2)).sum::<f64>() / n;
            assert!((seen / mean - 1.0).abs() < 0.02, "mean {seen}");
            assert!((variance.sqrt() / mean - 1.0).abs() < 0.04, "deviation");
        }
    }
}
