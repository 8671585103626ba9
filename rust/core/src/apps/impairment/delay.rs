//! How long a packet takes: latency and jitter.

use super::correlation::CorrelatedUniform;
use super::distribution::Distribution;
use super::spec::DelaySpec;
use crate::rng::Stream;
use crate::time::Nanos;

/// Delays μ + σT, T from a distribution; below 0 counts as 0.
#[derive(Clone, Debug)]
pub struct Delay {
    ns: Nanos,
    jitter_ns: Nanos,
    distribution: Distribution,
    draws: CorrelatedUniform,
}

impl Delay {
    /// The delays that a config describes.
    #[must_use]
    pub fn new(spec: &DelaySpec, stream: Stream) -> Self {
        let distribution = Distribution::new(&spec.distribution);
        Self {
            ns: spec.ns,
            jitter_ns: spec.jitter_ns,
            draws: CorrelatedUniform::new(&distribution, spec.correlation, stream),
            distribution,
        }
    }

    /// Other delays for the packets to come. A correlated sequence goes on from its last draw.
    pub fn reconfigure(&mut self, spec: &DelaySpec) {
        self.ns = spec.ns;
        self.jitter_ns = spec.jitter_ns;
        self.distribution = Distribution::new(&spec.distribution);
        self.draws.reconfigure(&self.distribution, spec.correlation);
    }

    /// The delay, where all packets have the same.
    #[must_use]
    pub fn constant(&self) -> Option<Nanos> {
        (self.jitter_ns == 0).then_some(self.ns)
    }

    /// The next packet's delay: one draw, rounded to the nearest nanosecond, ties away from μ.
    /// Without jitter exactly μ, and no draw.
    #[inline]
    pub fn draw(&mut self) -> Nanos {
        if self.jitter_ns == 0 {
            return self.ns;
        }
        let t = self.distribution.sample(self.draws.draw());
        let deviation = self.jitter_ns as f64 * t;
        let nearest = (deviation + 0.5_f64.copysign(deviation)) as i64;
        self.ns.saturating_add_signed(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::Delay;
    use crate::apps::impairment::distribution::normal_distribution;
    use crate::apps::impairment::goodness::{chi_square, kolmogorov_smirnov, lag_one, moments};
    use crate::apps::impairment::spec::{DelaySpec, DistributionSpec};
    use crate::rng::Stream;
    use crate::time::MILLISECOND;

    const MU: u64 = 1_000 * MILLISECOND;
    const SIGMA: u64 = 5 * MILLISECOND;

    fn spec(distribution: DistributionSpec, correlation: f64) -> DelaySpec {
        DelaySpec {
            ns: MU,
            jitter_ns: SIGMA,
            distribution,
            correlation,
            allow_reordering: true,
        }
    }

    fn delay(spec: &DelaySpec) -> Delay {
        Delay::new(spec, Stream::new(51, "delay"))
    }

    /// (d - μ)/σ of `count` delays.
    fn deviations(spec: &DelaySpec, count: usize) -> Vec<f64> {
        let mut delay = delay(spec);
        (0..count)
            .map(|_| (delay.draw() as f64 - MU as f64) / SIGMA as f64)
            .collect()
    }

    #[test]
    fn without_jitter_nothing_is_drawn() {
        let mut delay = delay(&DelaySpec {
            jitter_ns: 0,
            ..spec(DistributionSpec::Normal, 0.5)
        });
        assert!((0..100).all(|_| delay.draw() == MU));
        assert_eq!(
            delay.draws.draw(),
            self::delay(&spec(DistributionSpec::Normal, 0.5))
                .draws
                .draw()
        );
    }

    #[test]
    fn uniform_delays_fill_their_interval() {
        let deviations = deviations(&spec(DistributionSpec::Uniform, 0.0), 200_000);
        assert!(deviations.iter().all(|t| (-1.0..1.0).contains(t)));
        assert!(kolmogorov_smirnov(deviations, |t| 0.5 * (t + 1.0)) > 0.01);
    }

    #[test]
    fn mean_and_deviation_are_those_asked_for() {
        for distribution in [
            DistributionSpec::Normal,
            DistributionSpec::Pareto,
            DistributionSpec::ParetoNormal,
        ] {
            for correlation in [0.0, 0.5] {
                let spec = spec(distribution.clone(), correlation);
                let (mean, deviation) = moments(&deviations(&spec, 1_000_000));
                assert!(mean.abs() < 0.01, "{spec:?}: mean {mean}");
                assert!(
                    (deviation - 1.0).abs() < 0.01,
                    "{spec:?}: deviation {deviation}"
                );
            }
        }
    }

    #[test]
    fn normal_delays_are_normal_and_correlated() {
        let samples = deviations(&spec(DistributionSpec::Normal, 0.5), 1_000_000);
        assert!((lag_one(&samples) - 0.5).abs() < 0.01);
        let apart = samples.into_iter().step_by(40).collect();
        assert!(kolmogorov_smirnov(apart, normal_distribution) > 0.01);
    }

    #[test]
    fn table_delays_take_each_entry_equally_often() {
        let table: Vec<i16> = (-8..8).map(|i| i * 1024).collect();
        let spec = spec(DistributionSpec::Table(table.clone()), 0.5);
        let mut counts = [0_u64; 16];
        for t in deviations(&spec, 1_000_000).iter().step_by(40) {
            let entry = table
                .iter()
                .position(|&entry| f64::from(entry) / 8192.0 == *t);
            counts[entry.unwrap()] += 1;
        }
        assert!(
            chi_square(&counts, &[25_000.0 / 16.0; 16]) > 0.01,
            "{counts:?}"
        );
    }

    #[test]
    fn a_negative_delay_is_none() {
        let mut delay = delay(&DelaySpec {
            ns: 0,
            ..spec(DistributionSpec::Uniform, 0.0)
        });
        let none = (0..1000).filter(|_| delay.draw() == 0).count();
        assert!((450..550).contains(&none), "{none}");
    }

    #[test]
    fn a_change_keeps_the_sequence() {
        let first = spec(DistributionSpec::Normal, 0.9);
        let mut changed = delay(&first);
        let mut other = delay(&first);
        assert_eq!(changed.draw(), other.draw());
        changed.reconfigure(&DelaySpec {
            ns: MU + 7,
            ..first
        });
        assert_eq!(changed.draw(), other.draw() + 7);
    }
}
