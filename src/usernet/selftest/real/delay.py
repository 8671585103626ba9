"""Delay and jitter in real time, from the input interface to the output's."""

from __future__ import annotations

from functools import partial

from usernet.config.impairment import Impairment
from usernet.selftest import stats
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.delay import DELAYS_MS
from usernet.selftest.real.disturbance import judged
from usernet.selftest.real.traffic import Pace, through

__all__ = ["CHECKS", "percentiles"]

_SECONDS = 4.0
_P50, _P99, _P99_PRECISE = 40.0, 100.0, 20.0
_JITTER_US, _TIMER_US = 2_000.0, 40.0


def percentiles(samples: list[float]) -> tuple[float, float, float]:
    """The 50th, 99th and 99.9th percentile."""
    ascending = sorted(samples)
    p50, p99, p999 = (stats.percentile(ascending, percent) for percent in (50.0, 99.0, 99.9))
    return p50, p99, p999


def _error(milliseconds: int, precise: bool, effort: Effort) -> Finding:
    pace = _pace(effort, milliseconds)
    passage = through(Impairment(delay=f"{milliseconds}ms"), pace, precise=precise)
    errors = [abs(delay / 1e3 - milliseconds * 1e3) for delay in passage.delays()]
    if len(errors) < pace.packets * 0.99:
        return finding(False, f"{len(errors)} of {pace.packets} packets came out")
    p50, p99, p999 = percentiles(errors)
    met = p99 <= _P99_PRECISE if precise else p50 <= _P50 and p99 <= _P99
    return finding(
        met, f"p50 {p50:.0f} µs, p99 {p99:.0f} µs, p99.9 {p999:.0f} µs, {len(errors)} packets", p99
    )


def _jitter(effort: Effort) -> Finding:
    line = Impairment(delay="20ms", jitter="2ms", distribution="normal")
    passage = through(line, _pace(effort, 30), seed=3)
    deviations = [delay / 1e3 - 20_000.0 for delay in passage.delays()]
    mean, deviation = stats.moments(deviations)
    allowed = _JITTER_US / 100.0 + _TIMER_US
    met = abs(mean) <= allowed and abs(deviation - _JITTER_US) <= allowed
    return finding(met, f"mean {mean:+.0f} µs, deviation {deviation:.0f} µs", deviation)


def _pace(effort: Effort, delay_ms: int) -> Pace:
    return Pace(int(effort.seconds(_SECONDS) * 10_000), linger=0.2 + delay_ms / 1000.0)


def _check(milliseconds: int, precise: bool) -> Check:
    goal = (
        f"p99 ≤ {_P99_PRECISE:.0f} µs" if precise else f"p50 ≤ {_P50:.0f} µs, p99 ≤ {_P99:.0f} µs"
    )
    test = f"{milliseconds} ms, 10000 UDP packets/s{', precise' * precise}"
    measure = judged(partial(_error, milliseconds, precise))
    return Check("delay", test, f"error {goal}", "real", measure)


CHECKS = (
    *(_check(milliseconds, precise=False) for milliseconds in DELAYS_MS),
    _check(50, precise=True),
    Check(
        quantity="jitter, moments",
        test="20 ms ± 2 ms normal, 10000 UDP packets/s",
        goal="mean and deviation ± (1 % + 40 µs)",
        clock="real",
        measure=judged(_jitter),
    ),
)
