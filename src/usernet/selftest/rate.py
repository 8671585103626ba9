"""Rate: what a serializer lets through, and a trace."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from usernet.config import units
from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import virtual
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHECKS", "RATES", "TRACE_PAYS", "seeded_trace"]

RATES = ("56kbit", "1mbit", "10mbit", "100mbit", "1gbit")
MTU = 1514
"""Bytes of the largest Ethernet frame, without its check sequence."""
TRACE_PAYS = 1504
"""Bytes that one line of a mahimahi trace lets through."""
_SECOND = 1_000_000_000


def _constant(rate: str, effort: Effort) -> Finding:
    """The worst of all moments, not of the last one: it bounds the bursts as well."""
    bits, seconds = units.bits_per_second(rate), 1 if effort.quick else 10
    source = Source(size=MTU, packets_per_second=bits * 1.02 / 8 / MTU)
    log = virtual.run(Impairment(rate=rate), source, f"{seconds}s", seed=4)
    out = log.times_of(Event.OUT)
    worst = max(abs(i * MTU - bits * at / 8e9) for i, at in enumerate(out, start=1))
    unfinished = bits * (seconds * _SECOND - out[-1]) / 8e9 if out else bits * seconds / 8
    error = max(worst, unfinished)
    return finding(
        error <= MTU, f"{error:.0f} bytes at most, {len(out)} packets in {seconds} s", error
    )


def _trace(effort: Effort) -> Finding:
    """The largest difference between what the trace paid for and what came, at any moment."""
    trace = seeded_trace(2_000)
    seconds = 2 if effort.quick else 10
    line = Impairment(trace=trace, queue="1000packets")
    source = Source(size=TRACE_PAYS, packets_per_second=3_000)
    log = virtual.run(line, source, f"{seconds}s", seed=5)
    paid = _integral(trace, seconds * 1000)
    came = _came(log.times_of(Event.OUT), seconds * 1000)
    worst = max(abs(a - b) for a, b in zip(paid, came, strict=True)) * TRACE_PAYS
    return finding(worst <= TRACE_PAYS, f"{worst} bytes at most, {seconds} s", float(worst))


def seeded_trace(milliseconds: int) -> tuple[int, ...]:
    """A trace that wanders between nothing and two packets a millisecond."""
    draw = Random(6)
    rising = (ms for ms in range(1, milliseconds) for _ in range(draw.randrange(3)))
    return (*rising, milliseconds)


def _integral(trace: Sequence[int], milliseconds: int) -> list[int]:
    """How many packets are paid for by the end of each millisecond; the trace repeats."""
    period = trace[-1]
    lines = [0] * (milliseconds + period)
    for start in range(0, milliseconds, period):
        for ms in trace:
            lines[start + ms] += 1
    return list(accumulate(lines[: milliseconds + 1]))


def _came(out: Sequence[int], milliseconds: int) -> list[int]:
    counts = [0] * (milliseconds + 1)
    for at in out:
        counts[-(-at // 1_000_000)] += 1
    return list(accumulate(counts))


CHECKS = (
    *(
        Check(
            "rate",
            f"{rate}, saturated",
            "± 1 MTU at any moment",
            "virtual",
            partial(_constant, rate),
        )
        for rate in RATES
    ),
    Check("trace", "a trace of 2 s, saturated", "≤ 1 MTU at any moment", "virtual", _trace),
)
