"""Rate and queue in real time, under more traffic than the line takes."""

from __future__ import annotations

from functools import partial

from usernet.config import units
from usernet.config.impairment import Impairment
from usernet.selftest import stats
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.rate import MTU
from usernet.selftest.real.disturbance import judged
from usernet.selftest.real.traffic import Pace, through

__all__ = ["CHECKS", "behind"]

_SECONDS = 4.0
_RATES = ("1mbit", "10mbit", "100mbit")


def behind(times: list[int], size: int, bits_per_second: int) -> list[float]:
    """How many bytes each packet left behind the rate.

    A line that is behind its rate sends what it owes at once: that is the burst. The rate is
    laid through the packet that left soonest, as measured by it.
    """
    spacing = size * 8e9 / bits_per_second
    late = [time - i * spacing for i, time in enumerate(times)]
    soonest = min(late)
    return [(time - soonest) * bits_per_second / 8e9 for time in late]


def _rate(rate: str, effort: Effort) -> Finding:
    bits = units.bits_per_second(rate)
    per_second = 1.2 * bits / 8 / MTU
    pace = Pace(int(effort.seconds(_SECONDS) * per_second), per_second, MTU)
    passage = through(Impairment(rate=rate, queue="200packets"), pace)
    times = sorted(passage.went.values())
    if len(times) < 2:  # noqa: PLR2004 - a rate is between two
        return finding(False, f"{len(times)} packets came out")
    offered = (len(passage.came) - 1) * MTU * 8e9 / _span(passage.came)
    if offered < 1.05 * bits:
        return Finding("inconclusive", f"the sender reached only {offered / bits:.0%} of the rate")
    found = (len(times) - 1) * MTU * 8e9 / (times[-1] - times[0])
    owed = sorted(size / MTU for size in behind(times, MTU, bits))
    p99, error = stats.percentile(owed, 99.0), found / bits - 1.0
    met = abs(error) <= 0.005 and p99 <= 1.0  # noqa: PLR2004
    measured = f"{error:+.2%}, burst p99 {p99:.2f} MTU, largest {owed[-1]:.2f} MTU"
    return finding(met, measured, error)


def _span(times: dict[int, int]) -> int:
    return max(times.values()) - min(times.values())


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
