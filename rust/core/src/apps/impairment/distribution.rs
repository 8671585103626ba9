//! The distributions that a jitter may have, each by its quantile function.

use super::spec::DistributionSpec;

/// Units of a table's entries in one σ, as in netem's tables.
const TABLE_UNIT: f64 = 8192.0;

/// A distribution in units of σ: the extreme of `Uniform`, one standard deviation of the others.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Flat over [-1, 1).
    Uniform,
    /// Mean 0, standard deviation 1.
    Normal,
    /// Pareto with shape 3, its upper 2⁻¹⁶ cut off, shifted and scaled to mean 0, deviation 1.
    Pareto,
    /// A quarter normal, three quarters Pareto as netem mixes them, to mean 0, deviation 1.
    ParetoNormal,
    /// Values of equal probability, ascending, 8192 to a σ, taken as they are.
    Table(Vec<i16>),
}

impl Distribution {
    /// The distribution that a config names. Tables are sorted: a quantile function ascends.
    #[must_use]
    pub fn new(spec: &DistributionSpec) -> Self {
        match spec {
            DistributionSpec::Uniform => Self::Uniform,
            DistributionSpec::Normal => Self::Normal,
            DistributionSpec::Pareto => Self::Pareto,
            DistributionSpec::ParetoNormal => Self::ParetoNormal,
            DistributionSpec::Table(values) => {
                let mut ascending = values.clone();
                ascending.sort_unstable();
                Self::Table(ascending)
            }
        }
    }

    /// The value below which a fraction `u` in [0, 1) of all values lie, in units of σ.
    #[inline]
    #[must_use]
    pub fn sample(&self, u: f64) -> f64 {
        match self {
            Self::Uniform => 2.0 * u - 1.0,
            Self::Normal => normal_quantile(u),
            Self::Pareto => pareto_quantile(u),
            Self::ParetoNormal => pareto_normal_quantile(u),
            Self::Table(values) => table_quantile(values, u),
        }
    }

    /// The variance in units of σ².
    #[must_use]
    pub fn variance(&self) -> f64 {
        match self {
            Self::Uniform => 1.0 / 3.0,
            Self::Normal | Self::Pareto | Self::ParetoNormal => 1.0,
            Self::Table(values) => table_variance(values),
        }
    }
}

/// The share of Pareto's survival function that is cut off: netem's generator ends at u = 2⁻¹⁶.
const CUT: f64 = 1.0 / 65_536.0;
/// E X for X = s^(-1/3), s uniform over [ε, 1], ε = 2⁻¹⁶: (3/2)(1 - ε^(2/3))/(1 - ε).
const PARETO_MEAN: f64 = 1.4991000807141992;
/// Deviation of the same X, from E X² = 3(1 - ε^(1/3))/(1 - ε).
const PARETO_DEVIATION: f64 = 0.823610445139161;
/// Deviation of N/4 + X at one quantile: its variance is 1/16 + var X + cov(N, X)/2, where
/// cov(N, X) = ∫ z φ(z) X(Φ(z)) dz = 0.709015578398650 · sd X by the trapezoid rule, which is
/// exact to all digits on this integrand (the tests do it again).
const PARETO_NORMAL_DEVIATION: f64 = 1.016272839059513;

fn pareto_quantile(u: f64) -> f64 {
    (pareto(u) - PARETO_MEAN) / PARETO_DEVIATION
}

/// netem mixes (N + 3P)/4 with P = (4/3)(X - 3/2), which is N/4 + X but for a shift.
fn pareto_normal_quantile(u: f64) -> f64 {
    (0.25 * normal_quantile(u) + pareto(u) - PARETO_MEAN) / PARETO_NORMAL_DEVIATION
}

/// X = s^(-1/3) at the quantile `u`, where the survival s falls from 1 to ε.
fn pareto(u: f64) -> f64 {
    1.0 / libm::cbrt(1.0 - u * (1.0 - CUT))
}

fn table_quantile(values: &[i16], u: f64) -> f64 {
    let index = (u * values.len() as f64) as usize;
    values
        .get(index)
        .map_or(0.0, |&value| f64::from(value) / TABLE_UNIT)
}

fn table_variance(values: &[i16]) -> f64 {
    let count = values.len().max(1) as f64;
    let moment = |power: u32| -> f64 {
        let sum: i64 = values
            .iter()
            .map(|&value| i64::from(value).pow(power))
            .sum();
        sum as f64 / count
    };
    let mean = moment(1);
    (moment(2) - mean * mean) / (TABLE_UNIT * TABLE_UNIT)
}

/// Φ, the normal distribution function.
#[must_use]
pub fn normal_distribution(z: f64) -> f64 {
    0.5 * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2)
}

/// The smallest and the largest probability that a 53-bit draw stands for.
pub(crate) const LEAST: f64 = 1.0 / (1_u64 << 54) as f64;
pub(crate) const MOST: f64 = 1.0 - 1.0 / (1_u64 << 53) as f64;

/// Φ⁻¹ to about 1e-16 relative: PPND16, Wichura, "Algorithm AS 241", Applied Statistics 37(3),
/// 1988. Probabilities outside [2⁻⁵⁴, 1 - 2⁻⁵³] count as these ends, so the result is finite.
#[inline]
#[must_use]
pub fn normal_quantile(u: f64) -> f64 {
    let u = u.clamp(LEAST, MOST);
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE_NUMERATOR, r) / polynomial(&CENTRE_DENOMINATOR, r);
    }
    let tail = if q < 0.0 { u } else { 1.0 - u };
    normal_tail(tail).copysign(q)
}

/// The distance from 0 beyond which a fraction `tail` below 0.075 lies on one side.
#[inline(never)]
fn normal_tail(tail: f64) -> f64 {
    let r = (-libm::log(tail)).sqrt();
    if r <= 5.0 {
        polynomial(&NEAR_NUMERATOR, r - 1.6) / polynomial(&NEAR_DENOMINATOR, r - 1.6)
    } else {
        polynomial(&FAR_NUMERATOR, r - 5.0) / polynomial(&FAR_DENOMINATOR, r - 5.0)
    }
}

/// Horner's rule, highest power first.
#[inline]
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_NUMERATOR: [f64; 8] = [
    2509.0809287301227,
    33430.57558358813,
    67265.7709270087,
    45921.95393154987,
    13731.69376550946,
    1971.5909503065513,
    133.14166789178438,
    3.3871328727963665,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    5226.495278852854,
    28729.085735721943,
    39307.89580009271,
    21213.794301586597,
    5394.196021424751,
    687.1870074920579,
    42.31333070160091,
    1.0,
];
const NEAR_NUMERATOR: [f64; 8] = [
    0.0007745450142783414,
    0.022723844989269184,
    0.2417807251774506,
    1.2704582524523684,
    3.6478483247632045,
    5.769497221460691,
    4.630337846156546,
    1.4234371107496835,
];
const NEAR_DENOMINATOR: [f64; 8] = [
    1.0507500716444169e-09,
    0.0005475938084995345,
    0.015198666563616457,
    0.14810397642748008,
    0.6897673349851,
    1.6763848301838038,
    2.053191626637759,
    1.0,
];
const FAR_NUMERATOR: [f64; 8] = [
    2.0103343992922881e-07,
    2.7115555687434876e-05,
    0.0012426609473880784,
    0.026532189526576124,
    0.29656057182850487,
    1.7848265399172913,
    5.463784911164114,
    6.657904643501103,
];
const FAR_DENOMINATOR: [f64; 8] = [
    2.0442631033899397e-15,
    1.421511758316446e-07,
    1.8463183175100548e-05,
    0.0007868691311456133,
    0.014875361290850615,
    0.1369298809227358,
    0.599832206555888,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::{CUT, Distribution, PARETO_DEVIATION, PARETO_MEAN, PARETO_NORMAL_DEVIATION};
    use super::{normal_distribution, normal_quantile, pareto};
    use crate::apps::impairment::goodness::{chi_square, kolmogorov_smirnov};
    use crate::rng::Stream;

    type Function = fn(f64) -> f64;

    fn pareto_distribution(x: f64) -> f64 {
        let survival = (x * PARETO_DEVIATION + PARETO_MEAN).powi(-3);
        (1.0 - survival) / (1.0 - CUT)
    }

    /// No closed form: the root in z of the quantile's own definition, by bisection.
    fn pareto_normal_distribution(x: f64) -> f64 {
        let (mut low, mut high) = (-9.0, 9.0);
        for _ in 0..60 {
            let z = 0.5 * (low + high);
            let survival = normal_distribution(-z) * (1.0 - CUT) + CUT;
            let value = 0.25 * z + survival.powf(-1.0 / 3.0) - PARETO_MEAN;
            if value < x * PARETO_NORMAL_DEVIATION {
                low = z
            } else {
                high = z
            }
        }
        normal_distribution(low)
    }

    #[test]
    fn normal_quantile_inverts_the_distribution_function() {
        for (u, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.25, -0.674_489_750_196_081_7),
            (1e-3, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!(
                (normal_quantile(u) - z).abs() < 2e-15 * (1.0 + z.abs()),
                "{u}"
            );
        }
        for i in 1..2000 {
            let u = f64::from(i) / 2000.0;
            assert!((normal_distribution(normal_quantile(u)) - u).abs() < 4e-16);
        }
        assert!((8.0..8.5).contains(&-normal_quantile(0.0)));
        assert!((8.0..8.5).contains(&normal_quantile(1.0)));
    }

    #[test]
    fn constants_are_what_their_formulas_say() {
        let mean = 1.5 * (1.0 - CUT.powf(2.0 / 3.0)) / (1.0 - CUT);
        let square = 3.0 * (1.0 - CUT.cbrt()) / (1.0 - CUT);
        assert!((mean - PARETO_MEAN).abs() < 1e-15);
        assert!(((square - mean * mean).sqrt() - PARETO_DEVIATION).abs() < 1e-14);
        let covariance: f64 = (-320..=320)
            .map(|i| f64::from(i) / 32.0)
            .map(|z| z * normal_density(z) * (tail_at(z) - mean) / 32.0)
            .sum();
        let variance = 0.0625 + square - mean * mean + 0.5 * covariance;
        assert!((variance.sqrt() - PARETO_NORMAL_DEVIATION).abs() < 1e-13);
    }

    fn normal_density(z: f64) -> f64 {
        (-0.5 * z * z).exp() / (2.0 * core::f64::consts::PI).sqrt()
    }

    fn tail_at(z: f64) -> f64 {
        (normal_distribution(-z) * (1.0 - CUT) + CUT).powf(-1.0 / 3.0)
    }

    /// The midpoint rule over the quantile function: no sampling error.
    #[test]
    fn mean_is_zero_and_deviation_one() {
        const POINTS: u32 = 2_000_000;
        for (distribution, deviation) in [
            (Distribution::Uniform, (1.0_f64 / 3.0).sqrt()),
            (Distribution::Normal, 1.0),
            (Distribution::Pareto, 1.0),
            (Distribution::ParetoNormal, 1.0),
        ] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for i in 0..POINTS {
                let x = distribution.sample((f64::from(i) + 0.5) / f64::from(POINTS));
                sum += x;
                squares += x * x;
            }
            let mean = sum / f64::from(POINTS);
            let variance = squares / f64::from(POINTS) - mean * mean;
            assert!(mean.abs() < 1e-4, "{distribution:?} mean {mean}");
            assert!(
                (variance.sqrt() / deviation - 1.0).abs() < 1e-3,
                "{distribution:?}"
            );
            assert!((distribution.variance() - deviation * deviation).abs() < 1e-12);
        }
    }

    #[test]
    fn samples_fit_the_distribution_function() {
        let cases: [(Distribution, Function); 4] = [
            (Distribution::Uniform, |x| 0.5 * (x + 1.0)),
            (Distribution::Normal, normal_distribution),
            (Distribution::Pareto, pareto_distribution),
            (Distribution::ParetoNormal, pareto_normal_distribution),
        ];
        for (distribution, function) in cases {
            let mut stream = Stream::new(11, "fit");
            let samples = (0..20_000).map(|_| distribution.sample(stream.uniform()));
            let p = kolmogorov_smirnov(samples.collect(), function);
            assert!(p > 0.01, "{distribution:?}: p {p}");
        }
    }

    #[test]
    fn a_table_gives_each_entry_equally_often() {
        let table = Distribution::Table(vec![-8192, -4096, 0, 4096, 16384]);
        let mut stream = Stream::new(12, "table");
        let mut counts = [0_u64; 5];
        for _ in 0..100_000 {
            match table.sample(stream.uniform()) {
                -1.0 => counts[0] += 1,
                -0.5 => counts[1] += 1,
                0.0 => counts[2] += 1,
                0.5 => counts[3] += 1,
                2.0 => counts[4] += 1,
                other => panic!("{other} is in no entry"),
            }
        }
        assert!(chi_square(&counts, &[20_000.0; 5]) > 0.01, "{counts:?}");
        assert!((table.variance() - 1.06).abs() < 1e-12);
    }

    #[test]
    fn the_cut_bounds_the_tail() {
        assert_eq!(pareto(0.0), 1.0);
        assert!((pareto(super::MOST) - 40.317_473).abs() < 1e-5);
        assert_eq!(Distribution::Table(Vec::new()).sample(0.5), 0.0);
    }
}
