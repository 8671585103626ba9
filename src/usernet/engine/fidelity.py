"""Fidelity: whether the machine kept up, so that what a run showed can be trusted.

A packet is late by the time from the moment it was due to the moment it left. A run is trusted
where lateness is below what any emulated line would be told apart by: that is the 99th percentile
within a millisecond, at most one packet in a thousand beyond it, and no packet that the kernel
dropped before it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from usernet.engine.statistics import Lateness

if TYPE_CHECKING:
    from usernet.engine.statistics import Counters, Statistics

__all__ = ["MOST_LATENESS_NS", "MOST_OVERRUNS", "Fidelity", "fidelity"]

MOST_LATENESS_NS = 1_000_000
"""The 99th percentile of lateness up to which a run is trusted."""
MOST_OVERRUNS = 0.001
"""The share of packets more than a millisecond late up to which a run is trusted."""

_PER_OCTAVE = 8
"""Buckets of the core's histogram for each doubling of lateness."""

Buckets = Sequence[Sequence[int]]
"""The least lateness of each bucket that holds packets, and how many, ascending."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far a run can be trusted.

    Attributes:
        verdict: Trusted, or inconclusive: what the run showed may be the machine's doing.
        reason: Why, in words.
        lateness: How late packets left, all impairments together.
        kernel_dropped: Packets that the kernel dropped before the engine saw them.
    """

    verdict: Literal["trusted", "inconclusive"]
    reason: str
    lateness: Lateness
    kernel_dropped: int

    def __str__(self) -> str:
        """``trusted: p50 21 µs, …``, or ``inconclusive: this machine was too slow for …``."""
        return f"{self.verdict}: {self.reason}"


def fidelity(statistics: Statistics) -> Fidelity:
    """Judge a run by its last statistics.

    Captures count what they missed as ``kernel_dropped`` among their app's counters.
    """
    lateness = _together(statistics)
    dropped = sum(cast("int", app.get("kernel_dropped", 0)) for app in statistics.apps.values())
    faults = [*_faults(lateness), *_missed(dropped)]
    if not faults:
        return Fidelity("trusted", _quality(lateness), lateness, dropped)
    load = f"this machine was too slow for {_load(statistics)}"
    return Fidelity("inconclusive", f"{load}: {', '.join(faults)}", lateness, dropped)


def _faults(lateness: Lateness) -> Iterator[str]:
    overrun = lateness.overruns > MOST_OVERRUNS * lateness.count
    if lateness.p99 > MOST_LATENESS_NS or overrun:
        yield f"p99 lateness {_time(lateness.p99)}"
        yield _count(lateness.overruns, "overrun")


def _missed(dropped: int) -> Iterator[str]:
    if dropped:
        yield f"{_count(dropped, 'packet')} dropped by the kernel before they were seen"


def _quality(lateness: Lateness) -> str:
    if not lateness.count:
        return "no packet was due at a moment of its own"
    overruns = _count(lateness.overruns, "overrun")
    return f"p50 {_time(lateness.p50)}, p99 {_time(lateness.p99)}, {overruns}"


def _load(statistics: Statistics) -> str:
    packets = sum(one.packets_in for one in statistics.impairments.values())
    if not packets or not statistics.time_ns:
        return "what came"
    return f"{_grouped(round(packets * 1e9 / statistics.time_ns))} packets/s"


def _together(statistics: Statistics) -> Lateness:
    counting = {
        name: one.lateness for name, one in statistics.impairments.items() if one.lateness.count
    }
    if len(counting) == 1:
        return next(iter(counting.values()))
    return _merge(counting.values(), [_buckets(statistics.apps[name]) for name in counting])


def _buckets(app: Counters) -> Buckets:
    return cast("Buckets", cast("Mapping[str, object]", app["lateness"])["buckets"])


def _merge(lateness: Iterable[Lateness], histograms: Iterable[Buckets]) -> Lateness:
    """One lateness of several; a percentile is the upper end of its bucket, an eighth off."""
    several = list(lateness)
    held: dict[int, int] = {}
    for floor, packets in (bucket for buckets in histograms for bucket in buckets):
        held[floor] = held.get(floor, 0) + packets
    count = sum(one.count for one in several)
    maximum = max((one.maximum for one in several), default=0)
    p50, p99, p999 = (min(_quantile(held, mille, count), maximum) for mille in (500, 990, 999))
    return Lateness(count, sum(one.overruns for one in several), p50, p99, p999, maximum)


def _quantile(held: Mapping[int, int], per_mille: int, count: int) -> int:
    rank = -(-count * per_mille // 1000)
    before = 0
    for floor in sorted(held):
        before += held[floor]
        if before >= rank:
            return floor + _width(floor) - 1
    return 0


def _width(floor: int) -> int:
    """The width of a bucket: one up to 16 ns, then an eighth of the power of two below."""
    return max(1, (1 << floor.bit_length() - 1) // _PER_OCTAVE) if floor else 1


def _time(ns: int) -> str:
    return f"{ns / 1e6:.1f} ms" if ns >= MOST_LATENESS_NS else f"{ns / 1e3:.0f} µs"


def _count(number: int, thing: str) -> str:
    return f"{_grouped(number)} {thing}{'' if number == 1 else 's'}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
