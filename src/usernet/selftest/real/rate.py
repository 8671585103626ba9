"""Rate and queue in real time, under more traffic than the line takes."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from usernet.config import units
from usernet.config.impairment import Impairment
from usernet.selftest import stats
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.rate import MTU
from usernet.selftest.real.disturbance import judged
from usernet.selftest.real.traffic import Pace, through

__all__ = ["CHECKS", "bursts"]

_SECONDS = 4.0
_RATES = ("1mbit", "10mbit", "100mbit")


def bursts(times: list[int], size: int, bits_per_second: int) -> list[float]:
    """How many bytes ahead of the rate each packet left, after its own bytes.

    The level of a bucket that the packets fill and the rate drains: its largest value B is the
    least for which every interval w has at most rate · w + B + size bytes.
    """
    level, levels = 0.0, [0.0]
    for earlier, later in pairwise(times):
        level = max(0.0, level + size - bits_per_second * (later - earlier) / 8e9)
        levels.append(level)
    return levels


def _rate(rate: str, effort: Effort) -> Finding:
    bits = units.bits_per_second(rate)
    per_second = 1.2 * bits / 8 / MTU
    pace = Pace(int(effort.seconds(_SECONDS) * per_second), per_second, MTU)
    passage = through(Impairment(rate=rate, queue="200packets"), pace)
    times = sorted(passage.went.values())
    if len(times) < 2:  # noqa: PLR2004 - a rate is between two
        return finding(False, f"{len(times)} packets came out")
    found = (len(times) - 1) * MTU * 8e9 / (times[-1] - times[0])
    ahead = sorted(level / MTU for level in bursts(times, MTU, bits))
    p99, error = stats.percentile(ahead, 99.0), found / bits - 1.0
    met = abs(error) <= 0.005 and p99 <= 1.0  # noqa: PLR2004
    measured = f"{error:+.2%}, burst p99 {p99:.2f} MTU, largest {ahead[-1]:.2f} MTU"
    return finding(met, measured, error)


def _drop_tail(effort: Effort) -> Finding:
    pace = Pace(int(effort.seconds(_SECONDS) * 2400), 2400.0, 1250)
    passage = through(Impairment(rate="20mbit", queue="200packets"), pace)
    longest = max(passage.delays(), default=0) / 1e6
    error = longest / 100.0 - 1.0
    return finding(abs(error) <= 0.05, f"{longest:.1f} ms, {error:+.1%}", error)  # noqa: PLR2004


CHECKS = (
    *(
        Check(
            quantity="rate",
            test=f"{rate}, saturated by UDP",
            goal="± 0.5 %, burst ≤ 1 MTU (p99)",
            clock="real",
            measure=judged(partial(_rate, rate)),
        )
        for rate in _RATES
    ),
    Check(
        quantity="queue",
        test="drop-tail, 200 packets at 20 Mbit/s",
        goal="largest delay 100 ms ± 5 %",
        clock="real",
        measure=judged(_drop_tail),
    ),
)
