"""Jitter: the distribution of delays, their moments, and the correlation of neighbours."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import stats, virtual
from usernet.selftest.check import Check, Effort, Finding, finding

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHECKS", "deviations"]

_PACKETS = 200_000
_TAIL_PACKETS = 500_000
"""Rare delays make most of the deviation where the tail is long."""
_DELAY_NS, _JITTER_NS = 200_000_000, 5_000_000
_TABLE = tuple(range(-8192, 8192, 1024))
_SHAPES = ("uniform", "normal", "pareto", "paretonormal")
_DEVIATION = {"uniform": 3.0**-0.5}
"""Of a uniform distribution jitter is half the width; of the others, the standard deviation."""

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "uniform": lambda t: min(1.0, max(0.0, (t + 1.0) / 2.0)),
    "normal": stats.normal,
}


def deviations(
    packets: int, distribution: str | tuple[int, ...], correlation: str = "0%"
) -> list[float]:
    """How far each packet's delay is from the mean asked for, in units of the jitter."""
    line = Impairment(
        delay="200ms",
        jitter="5ms",
        distribution=distribution,
        jitter_correlation=correlation,
    )
    log = virtual.run(line, Source(size=60, count=packets), "10s", seed=3)
    return [(delay - _DELAY_NS) / _JITTER_NS for delay in log.delays()]


def _fits(shape: str, effort: Effort) -> Finding:
    samples = deviations(_packets(effort), shape)
    p = stats.kolmogorov_smirnov(samples, _FUNCTIONS[shape])
    return finding(p > 0.01, f"p = {p:.3f}, {len(samples)} packets", p)  # noqa: PLR2004


def _fits_table(effort: Effort) -> Finding:
    samples = deviations(_packets(effort), _TABLE)
    counts = Counter(round(sample * 8192) for sample in samples)
    expected = len(samples) / len(_TABLE)
    p = stats.chi_square([counts[entry] for entry in _TABLE], [expected] * len(_TABLE))
    met = p > 0.01 and counts.keys() <= set(_TABLE)  # noqa: PLR2004
    return finding(met, f"p = {p:.3f}, {len(samples)} packets", p)


def _moments(shape: str, effort: Effort) -> Finding:
    packets = _TAIL_PACKETS if "pareto" in shape else _packets(effort)
    mean, deviation = stats.moments(deviations(packets, shape))
    spread = deviation / _DEVIATION.get(shape, 1.0) - 1.0
    met = abs(mean) <= 0.01 and abs(spread) <= 0.01  # noqa: PLR2004
    return finding(met, f"mean {mean:+.2%} of the jitter, deviation {spread:+.2%}", spread)


def _correlation(shape: str, wanted: str, effort: Effort) -> Finding:
    found = stats.lag_one(deviations(_packets(effort), shape, wanted))
    error = found - float(wanted.rstrip("%")) / 100.0
    return finding(abs(error) <= 0.01, f"{found:.4f}", found)  # noqa: PLR2004


def _spread(shape: str, effort: Effort) -> Finding:
    """Correlated jitter keeps its distribution: netem's shrinks."""
    _, deviation = stats.moments(deviations(_packets(effort), shape, "50%"))
    spread = deviation / _DEVIATION.get(shape, 1.0) - 1.0
    return finding(abs(spread) <= 0.01, f"deviation {spread:+.2%}", spread)  # noqa: PLR2004


def _packets(effort: Effort) -> int:
    """Never so few that chance alone would miss a goal of 1 %."""
    return max(effort.packets(_PACKETS), 100_000)


def _check(quantity: str, test: str, goal: str, measure: Callable[[Effort], Finding]) -> Check:
    return Check(quantity, f"200 ms ± 5 ms {test}", goal, "virtual", measure)


CHECKS = (
    *(
        _check("jitter, shape", shape, "Kolmogorov-Smirnov p > 0.01", partial(_fits, shape))
        for shape in _FUNCTIONS
    ),
    _check("jitter, shape", "table of 16", "χ² p > 0.01", _fits_table),
    *(
        _check("jitter, moments", shape, "mean and deviation ± 1 %", partial(_moments, shape))
        for shape in _SHAPES
    ),
    *(
        _check(
            "jitter, correlation",
            f"{shape} {wanted}",
            f"{wanted} ± 1 %",
            partial(_correlation, shape, wanted),
        )
        for shape in ("uniform", "normal")
        for wanted in ("0%", "25%", "75%")
    ),
    _check("jitter, correlated", "normal 50%", "deviation ± 1 %", partial(_spread, "normal")),
)
