"""Statistics: intervals and tests, from their definitions, in plain Python.

The equations are those of NIST's Digital Library of Mathematical Functions (DLMF, dlmf.nist.gov).
"""

from __future__ import annotations

import math
from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "batch_error",
    "chi_square",
    "clopper_pearson",
    "kolmogorov_smirnov",
    "lag_one",
    "moments",
    "normal",
    "percentile",
]

_PRECISION = 1e-15
_TINY = 1e-300


def clopper_pearson(events: int, trials: int, confidence: float = 0.99) -> tuple[float, float]:
    """The exact interval for a probability (Clopper and Pearson, Biometrika 26, 1934).

    Args:
        events: How often it happened.
        trials: Of how many times.
        confidence: The least probability with which such intervals contain the true value.
    """
    tail = (1.0 - confidence) / 2.0
    missed = trials - events
    low = 0.0 if not events else _solve(lambda p: _beta(p, events, missed + 1), tail)
    high = 1.0 if not missed else _solve(lambda p: _beta(p, events + 1, missed), 1.0 - tail)
    return low, high


def kolmogorov_smirnov(samples: Sequence[float], distribution: Callable[[float], float]) -> float:
    """The p-value that samples have a continuous distribution function.

    Kolmogorov's limiting series, at the argument by which it also holds for small n (Stephens,
    J. R. Stat. Soc. B 32, 1970).
    """
    n = len(samples)
    steps = enumerate(map(distribution, sorted(samples)))
    distance = max(max(f - i / n, (i + 1) / n - f) for i, f in steps)
    t = distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    terms = ((-1) ** (k - 1) * math.exp(-2.0 * k * k * t * t) for k in range(1, 101))
    return min(1.0, max(0.0, 2.0 * math.fsum(terms)))


def chi_square(observed: Sequence[float], expected: Sequence[float], fitted: int = 0) -> float:
    """The p-value of Pearson's χ² test (Philosophical Magazine 50, 1900).

    Args:
        observed: How many in each bin.
        expected: How many are expected in each; 5 or more, or the test is not valid.
        fitted: How many parameters of the expectation were taken from the data.
    """
    statistic = math.fsum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
    return _upper_gamma((len(observed) - 1 - fitted) / 2.0, statistic / 2.0)


def normal(z: float) -> float:
    """The distribution function of the standard normal distribution (DLMF 7.2.1)."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def moments(samples: Sequence[float]) -> tuple[float, float]:
    """The mean and the standard deviation."""
    mean = sum(samples) / len(samples)
    apart = [x - mean for x in samples]
    return mean, math.sqrt(sum(x * x for x in apart) / len(samples))


def lag_one(samples: Sequence[float]) -> float:
    """The correlation of each sample with the next."""
    mean, deviation = moments(samples)
    apart = [x - mean for x in samples]
    products = sum(x * y for x, y in pairwise(apart))
    return products / (len(samples) - 1) / deviation**2


def batch_error(samples: Sequence[float], batches: int = 100) -> float:
    """The standard error of the mean of samples that depend on their neighbours.

    By the method of batch means (Conway, Management Science 10, 1963): batches much longer than
    the dependence are as good as independent.
    """
    size = len(samples) // batches
    means = [sum(samples[i * size : (i + 1) * size]) / size for i in range(batches)]
    return moments(means)[1] / math.sqrt(batches - 1)


def percentile(ascending: Sequence[float], percent: float) -> float:
    """The least sample that `percent` of the samples, in ascending order, do not exceed."""
    rank = math.ceil(len(ascending) * percent / 100.0)
    return ascending[max(rank, 1) - 1]


def _solve(ascending: Callable[[float], float], target: float) -> float:
    """Where a function that ascends on [0, 1] reaches a target, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if ascending(middle) < target else (low, middle)
    return (low + high) / 2.0


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) (DLMF 8.17.2)."""
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta(1.0 - x, b, a)  # DLMF 8.17.4
    if x <= 0.0:
        return 0.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log1p(-x)) / a
    return front / _continued(1.0, _beta_terms(x, a, b))


def _beta_terms(x: float, a: float, b: float) -> Iterator[tuple[float, float]]:
    """The continued fraction DLMF 8.17.22, whose coefficients are 8.17.23."""
    m = 0
    while True:
        if m:
            yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1.0
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
        m += 1


def _upper_gamma(a: float, x: float) -> float:
    """The regularised incomplete gamma function Q(a, x) (DLMF 8.2.4)."""
    if x <= 0.0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        return 1.0 - front * _lower_gamma_series(a, x)
    fraction = ((k * (a - k), x + 2 * k + 1.0 - a) for k in range(1, 100_000))
    return front / _continued(x + 1.0 - a, fraction)


def _lower_gamma_series(a: float, x: float) -> float:
    """The sum of DLMF 8.11.4, without its front factor."""
    total = term = 1.0 / a
    while term > total * _PRECISION:
        a += 1.0
        term *= x / a
        total += term
    return total


def _continued(first: float, terms: Iterator[tuple[float, float]]) -> float:
    """b₀ + a₁/(b₁ + a₂/(b₂ + …)), by Lentz's method (DLMF 3.10(iii))."""
    value = c = first or _TINY
    d = 0.0
    for a, b in islice(terms, 100_000):
        d = 1.0 / ((b + a * d) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            break
    return value
