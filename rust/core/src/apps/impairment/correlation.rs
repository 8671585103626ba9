//! Correlated draws that keep their distribution.
//!
//! A first-order autoregression of normal variates z, mapped by u = Φ(z) (a Gaussian copula):
//! every u is exactly uniform, so every delay made of it has exactly the distribution asked for.
//! netem filters the uniform draws themselves, which narrows them.

use super::distribution::{Distribution, LEAST, MOST, normal_distribution, normal_quantile};
use crate::rng::Stream;

/// Uniform draws whose image under one distribution has a given lag-1 correlation.
#[derive(Clone, Debug)]
pub struct CorrelatedUniform {
    stream: Stream,
    /// Correlation of the normal variates; 0 = independent draws.
    memory: f64,
    /// Weight of the new variate, √(1 - memory²).
    novelty: f64,
    last: Option<f64>,
}

impl CorrelatedUniform {
    /// Draws whose values by `distribution` have correlation `correlation`, 0 to 1.
    #[must_use]
    pub fn new(distribution: &Distribution, correlation: f64, stream: Stream) -> Self {
        let mut draws = Self {
            stream,
            memory: 0.0,
            novelty: 1.0,
            last: None,
        };
        draws.reconfigure(distribution, correlation);
        draws
    }

    /// Changes what the draws are for. The last variate stays, so the sequence goes on.
    pub fn reconfigure(&mut self, distribution: &Distribution, correlation: f64) {
        self.memory = normal_correlation(distribution, correlation);
        self.novelty = (1.0 - self.memory * self.memory).sqrt();
    }

    /// The next draw in [0, 1). One draw of the stream; nothing else where uncorrelated.
    #[inline]
    pub fn draw(&mut self) -> f64 {
        let fresh = self.stream.uniform();
        if self.memory == 0.0 {
            return fresh;
        }
        self.follow(normal_quantile(fresh))
    }

    fn follow(&mut self, fresh: f64) -> f64 {
        let z = self
            .last
            .map_or(fresh, |last| self.memory * last + self.novelty * fresh);
        self.last = Some(z);
        normal_distribution(z).clamp(LEAST, MOST)
    }
}

/// The correlation of normal variates that gives their images the correlation `target`.
fn normal_correlation(distribution: &Distribution, target: f64) -> f64 {
    match distribution {
        _ if target <= 0.0 => 0.0,
        _ if target >= 1.0 => 1.0,
        Distribution::Normal => target,
        // Spearman's rho of a bivariate normal (Pearson 1907).
        Distribution::Uniform => 2.0 * libm::sin(core::f64::consts::PI * target / 6.0),
        other => Images::new(other).solve(target),
    }
}

/// Highest power of the series in [`Images`].
const TERMS: usize = 64;
/// Where the smooth quantile functions are cut into steps.
const REACH: i32 = 9;
const STEPS_PER_UNIT: i32 = 64;

/// The correlation of the images of two normal variates as a power series in theirs: with
/// Hermite coefficients aₖ of the image, Σ aₖ² ρᵏ / Σ aₖ² over k ≥ 1 (Mehler's formula).
struct Images {
    /// aₖ², from k = 1; the last stands for all higher powers too.
    powers: [f64; TERMS],
    variance: f64,
}

impl Images {
    fn new(distribution: &Distribution) -> Self {
        let mut coefficients = [0.0; TERMS];
        for (z, jump) in jumps(distribution) {
            add_step(&mut coefficients, z, jump);
        }
        let mut powers = coefficients.map(|a| a * a);
        let variance = distribution.variance();
        let missing = variance - powers.iter().sum::<f64>();
        powers[TERMS - 1] += missing.max(0.0);
        Self { powers, variance }
    }

    fn correlation(&self, memory: f64) -> f64 {
        let series = self.powers.iter().rev();
        series.fold(0.0, |sum, power| (sum + power) * memory) / self.variance
    }

    /// The root by bisection: the series ascends from 0 to 1.
    fn solve(&self, target: f64) -> f64 {
        if self.variance <= 0.0 {
            return target;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..53 {
            let middle = 0.5 * (low + high);
            if self.correlation(middle) < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

/// The image as a staircase: where it jumps, on the normal axis, and by how much. Exact for a
/// table, and within 10⁻⁴ of the variance for the smooth distributions.
fn jumps(distribution: &Distribution) -> Vec<(f64, f64)> {
    let mut last = None;
    let mut jump = |value: f64| value - last.replace(value).unwrap_or(value);
    if let Distribution::Table(values) = distribution {
        let n = values.len() as f64;
        let edges = (0..values.len()).map(|i| i as f64 / n);
        return edges
            .map(|u| (normal_quantile(u), jump(distribution.sample(u + 0.5 / n))))
            .collect();
    }
    let step = 1.0 / f64::from(STEPS_PER_UNIT);
    let edges = -REACH * STEPS_PER_UNIT..REACH * STEPS_PER_UNIT;
    edges
        .map(|i| f64::from(i) * step)
        .map(|z| {
            (
                z,
                jump(distribution.sample(normal_distribution(z + 0.5 * step))),
            )
        })
        .collect()
}

/// Adds a step at `z` to the coefficients: ∫ hₖφ from z up is hₖ₋₁(z)φ(z)/√k for the normalised
/// Hermite polynomials hₖ.
fn add_step(coefficients: &mut [f64; TERMS], z: f64, jump: f64) {
    let density = libm::exp(-0.5 * z * z) / (2.0 * core::f64::consts::PI).sqrt();
    let (mut before, mut here) = (0.0, 1.0);
    for (k, coefficient) in (1..).zip(coefficients.iter_mut()) {
        let root = f64::from(k).sqrt();
        *coefficient += jump * density * here / root;
        let next = (z * here - f64::from(k - 1).sqrt() * before) / root;
        before = core::mem::replace(&mut here, next);
    }
}

#[cfg(test)]
mod tests {
    use super::{CorrelatedUniform, Images, normal_correlation};
    use crate::apps::impairment::distribution::{Distribution, normal_distribution};
    use crate::apps::impairment::goodness::{kolmogorov_smirnov, lag_one, moments};
    use crate::rng::Stream;

    fn table() -> Distribution {
        Distribution::Table(vec![-9000, -8000, -200, 0, 100, 100, 300, 32_000])
    }

    #[test]
    fn the_series_agrees_with_the_closed_forms() {
        let uniform = Images::new(&Distribution::Uniform);
        let normal = Images::new(&Distribution::Normal);
        for i in 1..20 {
            let target = f64::from(i) / 20.0;
            let closed = normal_correlation(&Distribution::Uniform, target);
            assert!((uniform.solve(target) - closed).abs() < 1e-3, "{target}");
            assert!((normal.solve(target) - target).abs() < 1e-3, "{target}");
        }
    }

    #[test]
    fn outputs_have_the_correlation_asked_for() {
        for distribution in [
            Distribution::Uniform,
            Distribution::Normal,
            Distribution::Pareto,
            Distribution::ParetoNormal,
            table(),
        ] {
            for correlation in [0.0, 0.25, 0.75] {
                let stream = Stream::new(21, "correlated");
                let mut draws = CorrelatedUniform::new(&distribution, correlation, stream);
                let samples: Vec<f64> = (0..600_000)
                    .map(|_| distribution.sample(draws.draw()))
                    .collect();
                let found = lag_one(&samples);
                assert!(
                    (found - correlation).abs() < 0.01,
                    "{distribution:?} {found}"
                );
            }
        }
    }

    #[test]
    fn outputs_keep_their_distribution() {
        let stream = Stream::new(22, "marginal");
        let mut draws = CorrelatedUniform::new(&Distribution::Normal, 0.5, stream);
        let samples: Vec<f64> = (0..1_000_000)
            .map(|_| Distribution::Normal.sample(draws.draw()))
            .collect();
        let (mean, deviation) = moments(&samples);
        assert!(
            mean.abs() < 0.01 && (deviation - 1.0).abs() < 0.01,
            "{mean} {deviation}"
        );
        // Every 40th: 0.5⁴⁰ of correlation is none, which the test presupposes.
        let apart = samples.into_iter().step_by(40).collect();
        assert!(kolmogorov_smirnov(apart, normal_distribution) > 0.01);
    }

    #[test]
    fn without_correlation_the_stream_comes_through() {
        let stream = Stream::new(23, "plain");
        let mut draws = CorrelatedUniform::new(&Distribution::Pareto, 0.0, stream.clone());
        let mut plain = stream;
        assert!((0..100).all(|_| draws.draw() == plain.uniform()));
    }

    #[test]
    fn full_correlation_repeats_the_first_draw() {
        let stream = Stream::new(24, "full");
        let mut draws = CorrelatedUniform::new(&Distribution::Uniform, 1.0, stream);
        let first = draws.draw();
        assert!((0..100).all(|_| draws.draw() == first));
    }
}
