"""The statistics of the self-test, against published tables and closed forms."""

from __future__ import annotations

import math
from random import Random

import pytest

from usernet.selftest import stats


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [
        (0, 10, 0.0, 1.0 - 0.005**0.1),  # closed form
        (10, 10, 0.005**0.1, 1.0),
        (1, 2, 1.0 - math.sqrt(1.0 - 0.005), math.sqrt(1.0 - 0.005)),
    ],
)
def test_the_interval_has_its_closed_forms(
    events: int, trials: int, low: float, high: float
) -> None:
    assert stats.clopper_pearson(events, trials) == pytest.approx((low, high), abs=1e-12)


def test_the_interval_of_a_million_is_as_narrow_as_promised() -> None:
    widths = {}
    for p in (0.001, 0.01, 0.05, 0.2, 0.5):
        low, high = stats.clopper_pearson(round(p * 1e6), 1_000_000)
        assert low < p < high
        widths[p] = (high - low) / 2.0 / p
    expected = {0.001: 0.082, 0.01: 0.026, 0.05: 0.011, 0.2: 0.0052, 0.5: 0.0026}
    assert widths == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("events", [0, 1, 7, 50, 99, 100])
def test_the_tails_of_the_interval_are_binomial(events: int) -> None:
    """At each end, what was seen or worse has half a per cent of probability."""
    low, high = stats.clopper_pearson(events, 100)
    if events:
        assert _binomial(range(events, 101), low) == pytest.approx(0.005, rel=1e-9)
    if events < 100:
        assert _binomial(range(events + 1), high) == pytest.approx(0.005, rel=1e-9)


def _binomial(counts: range, p: float) -> float:
    return math.fsum(math.comb(100, k) * p**k * (1 - p) ** (100 - k) for k in counts)


@pytest.mark.parametrize(
    ("degrees", "five_per_cent"),
    [(1, 3.841459), (2, 5.991465), (10, 18.307038), (100, 124.342113)],
)
def test_chi_square_has_its_tabulated_points(degrees: int, five_per_cent: float) -> None:
    observed = [1000] * (degrees + 1)
    shift = math.sqrt(five_per_cent * 1000.0 / 2.0)
    expected = [1000.0] * (degrees + 1)
    p = stats.chi_square(observed, expected)
    assert p == 1.0
    statistic = [1000.0 + shift, 1000.0 - shift, *[1000.0] * (degrees - 1)]
    p = stats.chi_square(statistic, expected)
    assert p == pytest.approx(0.05, abs=1e-7)


def test_chi_square_of_two_degrees_is_exponential() -> None:
    assert stats.chi_square([90, 100, 110], [100.0] * 3) == pytest.approx(math.exp(-1.0))


def test_kolmogorov_smirnov_has_its_tabulated_points() -> None:
    """The limiting 5 % and 1 % points of √n·D are 1.3581 and 1.6276 (Smirnov 1948)."""
    even = [(i + 0.5) / 10_000 for i in range(10_000)]
    for point, p in ((1.3581, 0.05), (1.6276, 0.01)):
        shift = point / (100.0 + 0.12 + 0.0011) - 0.5 / 10_000
        found = stats.kolmogorov_smirnov([x + shift for x in even], lambda x: min(x, 1.0))
        assert found == pytest.approx(p, rel=1e-3)


def test_kolmogorov_smirnov_tells_a_wrong_distribution() -> None:
    draw = Random(1)
    samples = [draw.gauss(0.0, 1.02) for _ in range(200_000)]
    assert stats.kolmogorov_smirnov(samples, stats.normal) < 1e-6
    assert stats.kolmogorov_smirnov([x / 1.02 for x in samples], stats.normal) > 0.01


def test_moments_and_correlation_of_a_known_sequence() -> None:
    assert stats.moments([1.0, 2.0, 3.0, 4.0]) == pytest.approx((2.5, math.sqrt(1.25)))
    assert stats.lag_one([1.0, -1.0] * 500) == pytest.approx(-1.0)


def test_the_error_of_independent_samples_is_that_of_the_mean() -> None:
    draw = Random(2)
    samples = [draw.gauss(0.0, 3.0) for _ in range(100_000)]
    assert stats.batch_error(samples) == pytest.approx(3.0 / math.sqrt(100_000), rel=0.25)


def test_the_error_of_dependent_samples_counts_their_dependence() -> None:
    """Each value ten times in a row is a tenth of the samples."""
    draw = Random(3)
    samples = [x for _ in range(10_000) for x in [draw.gauss(0.0, 3.0)] * 10]
    assert stats.batch_error(samples) == pytest.approx(3.0 / math.sqrt(10_000), rel=0.25)


def test_percentiles_are_samples() -> None:
    samples = [float(i) for i in range(1, 101)]
    found = [stats.percentile(samples, percent) for percent in (0.0, 50.0, 99.0, 99.9, 100.0)]
    assert found == [1.0, 50.0, 99.0, 100.0, 100.0]
