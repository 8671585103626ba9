//! netem's distributions: tables of 16-bit values, by their formulas.

use crate::apps::impairment::distribution::normal_quantile;
use crate::apps::impairment::spec::DistributionSpec;
use crate::rng::Stream;

use super::generator::Generator;

/// Entries of the tables that come with tc.
const ENTRIES: i32 = 4096;
/// Units of an entry in one σ.
const UNIT: f64 = 8192.0;

/// Deviations from a mean: flat, or by a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spread {
    Uniform,
    Table(Vec<i16>),
}

impl Spread {
    pub(super) fn new(spec: &DistributionSpec) -> Self {
        match spec {
            DistributionSpec::Uniform => Self::Uniform,
            DistributionSpec::Normal => Self::of(normal),
            DistributionSpec::Pareto => Self::of(pareto),
            DistributionSpec::ParetoNormal => Self::of(|u| 0.25 * normal(u) + 0.75 * pareto(u)),
            DistributionSpec::Table(values) => Self::Table(values.clone()),
        }
    }

    /// The table of a quantile function in σ, cut where 16 bits end: 4σ either way.
    fn of(quantile: impl Fn(f64) -> f64) -> Self {
        let entry = |i| libm::rint(UNIT * quantile(f64::from(i) / f64::from(ENTRIES))) as i16;
        Self::Table((0..ENTRIES).map(entry).collect())
    }

    /// μ + the deviation for the draw `x`: x mod 2σ - σ, or σT[x mod n]/8192 to the nearest.
    pub(super) fn around(&self, mean: u64, sigma: u64, x: u32) -> i128 {
        let (mean, sigma) = (i128::from(mean), i128::from(sigma));
        let x = i128::from(x);
        match self {
            _ if sigma == 0 => mean,
            Self::Uniform => mean - sigma + x % (2 * sigma),
            Self::Table(values) => {
                let index = x.checked_rem(values.len() as i128).unwrap_or(0);
                let value = values.get(index as usize).copied().unwrap_or(0);
                mean + (sigma * i128::from(value) + 4096).div_euclid(8192)
            }
        }
    }
}

fn normal(u: f64) -> f64 {
    normal_quantile(u).clamp(-4.0, 4.0)
}

/// T = (4/3)(v^(-1/3) - 1.5) as v falls from 1: at most 4σ, so the mean is -0.033σ.
fn pareto(u: f64) -> f64 {
    (4.0 / 3.0 * (1.0 / libm::cbrt(1.0 - u) - 1.5)).min(4.0)
}

/// A time from `min` to `max`, as netem's slots draw it: 32 random bits scaled to the width.
pub(super) fn between(min: u64, max: u64, stream: &mut Stream) -> u64 {
    let width = u128::from(max.saturating_sub(min));
    min + ((width * u128::from(stream.next_u32())) >> 32) as u64
}

/// The delay of one packet: negative means none.
pub(super) fn delay(
    spread: &Spread,
    mean: u64,
    sigma: u64,
    rho: u64,
    draws: &mut Generator,
) -> u64 {
    if sigma == 0 {
        return mean;
    }
    spread.around(mean, sigma, draws.next(rho)).max(0) as u64
}

#[cfg(test)]
mod tests {
    use super::{Spread, between};
    use crate::apps::impairment::goodness::{chi_square, moments};
    use crate::apps::impairment::spec::DistributionSpec;
    use crate::rng::Stream;

    fn sigmas(spec: &DistributionSpec) -> Vec<f64> {
        let Spread::Table(values) = Spread::new(spec) else {
            panic!("{spec:?} is no table")
        };
        values
            .iter()
            .map(|&value| f64::from(value) / 8192.0)
            .collect()
    }

    #[test]
    fn tables_have_the_moments_of_netems() {
        for (spec, mean, deviation) in [
            (DistributionSpec::Normal, 0.0, 1.0),
            (DistributionSpec::Pareto, -0.033, 0.82),
            (DistributionSpec::ParetoNormal, -0.025, 0.83),
        ] {
            let found = moments(&sigmas(&spec));
            assert!((found.0 - mean).abs() < 2e-3, "{spec:?} {found:?}");
            assert!((found.1 - deviation).abs() < 6e-3, "{spec:?} {found:?}");
        }
    }

    #[test]
    fn the_normal_table_ends_where_sixteen_bits_do() {
        let normal = sigmas(&DistributionSpec::Normal);
        assert_eq!((normal[0], normal[2048]), (-4.0, 0.0));
        assert!((normal[4095] - 3.487).abs() < 1e-3);
        assert!(normal.is_sorted());
    }

    #[test]
    fn values_fall_on_each_entry_equally_often() {
        let table = Spread::Table(vec![-8192, 0, 4096, 8191]);
        let mut stream = Stream::new(72, "table");
        let mut counts = [0_u64; 4];
        for _ in 0..40_000 {
            let value = table.around(10_000, 8192, stream.next_u32());
            let index = [1808, 10_000, 14_096, 18_191]
                .iter()
                .position(|&v| v == value);
            counts[index.unwrap()] += 1;
        }
        assert!(chi_square(&counts, &[10_000.0; 4]) > 0.01, "{counts:?}");
    }

    #[test]
    fn uniform_spreads_from_minus_to_below_sigma() {
        let around = |x| Spread::Uniform.around(100, 10, x);
        assert_eq!([0, 10, 19, 20].map(around), [90, 100, 109, 90]);
        assert_eq!(Spread::Table(Vec::new()).around(5, 1, 7), 5);
        let mut stream = Stream::new(73, "slot");
        assert!((0..1000).all(|_| (5..9).contains(&between(5, 9, &mut stream))));
        assert_eq!(between(5, 5, &mut stream), 5);
    }
}
