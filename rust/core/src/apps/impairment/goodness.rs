//! Goodness-of-fit tests that the tests of the random models share.

use super::distribution::normal_distribution;

/// The p-value of Kolmogorov and Smirnov's test that `samples` have the `distribution` function.
pub(crate) fn kolmogorov_smirnov(mut samples: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let n = samples.len() as f64;
    let distance = samples
        .iter()
        .enumerate()
        .map(|(i, &x)| (distribution(x), i as f64))
        .map(|(f, i)| (f - i / n).abs().max((f - (i + 1.0) / n).abs()))
        .fold(0.0, f64::max);
    let t = distance * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    let series = |k: i32| (-2.0 * f64::from(k * k) * t * t).exp();
    (1..100)
        .map(|k| {
            if k % 2 == 1 {
                2.0 * series(k)
            } else {
                -2.0 * series(k)
            }
        })
        .sum::<f64>()
        .clamp(0.0, 1.0)
}

/// The p-value of Pearson's test by Wilson and Hilferty's approximation.
pub(crate) fn chi_square(observed: &[u64], expected: &[f64]) -> f64 {
    assert_eq!(observed.len(), expected.len());
    let statistic: f64 = observed
        .iter()
        .zip(expected)
        .map(|(&o, &e)| (o as f64 - e).powi(2) / e)
        .sum();
    let degrees = (observed.len() - 1) as f64;
    let spread = 2.0 / (9.0 * degrees);
    normal_distribution((1.0 - spread - (statistic / degrees).cbrt()) / spread.sqrt())
}

/// The mean and the standard deviation.
pub(crate) fn moments(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// The correlation of each sample with the next.
pub(crate) fn lag_one(samples: &[f64]) -> f64 {
    let (mean, deviation) = moments(samples);
    let products = samples.windows(2).map(|w| (w[0] - mean) * (w[1] - mean));
    products.sum::<f64>() / (samples.len() - 1) as f64 / (deviation * deviation)
}

#[test]
fn p_values_match_tables() {
    assert!((chi_square(&[1159, 841], &[1000.0; 2]) - 1.3e-12_f64).abs() < 1e-9);
    let even: Vec<f64> = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).collect();
    assert!(kolmogorov_smirnov(even.clone(), |x| x) > 0.999);
    let shifted = even.iter().map(|x| x + 0.1576).collect();
    let p = kolmogorov_smirnov(shifted, |x| x.clamp(0.0, 1.0));
    assert!(
        (0.005..0.012).contains(&p),
        "1.63/sqrt(n) is the 1 % point: {p}"
    );
}
