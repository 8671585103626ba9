"""Meters: what passed a point of the network, and how much of it when."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Self, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Counts", "Series", "Volume"]

Stretch: TypeAlias = tuple[int, int]
"""When a stretch of time begins, in nanoseconds, and how many bytes of new data passed in it."""


@dataclass(frozen=True, slots=True)
class Series:
    """New data over time.

    Attributes:
        period_ns: How long a stretch is.
        stretches: Those with data in them, in order.
    """

    period_ns: int = 1
    stretches: tuple[Stretch, ...] = ()

    @classmethod
    def from_core(cls, raw: Mapping[str, object]) -> Self:
        """Read it as the core writes it."""
        period = cast("int", raw["period_ns"])
        numbered = cast("list[tuple[int, int]]", raw["fresh"])
        return cls(period, tuple((number * period, count) for number, count in numbered))

    @classmethod
    def merged(cls, several: Iterable[Self]) -> Self:
        """All of them together; the coarsest says how coarse."""
        every = [one for one in several if one.stretches]
        period = max((one.period_ns for one in every), default=1)
        sums: dict[int, int] = {}
        for start, count in (stretch for one in every for stretch in one.stretches):
            sums[start // period] = sums.get(start // period, 0) + count
        return cls(period, tuple((number * period, sums[number]) for number in sorted(sums)))


@dataclass(frozen=True, slots=True)
class Counts:
    """What passed a point.

    Attributes:
        packets: Packets on the wire.
        bytes: Their bytes, from the IP header on.
        fresh: Bytes of data that had not passed before.
        repeated: Bytes of data that had.
        repeated_segments: In how many segments those were.
        first_ns: When the first new data passed; None where there was none.
        last_ns: When the last did.
        series: New data over time.
    """

    packets: int = 0
    bytes: int = 0
    fresh: int = 0
    repeated: int = 0
    repeated_segments: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    series: Series = field(default_factory=Series, repr=False)

    @classmethod
    def from_core(cls, counters: Mapping[str, object], series: Mapping[str, object] | None) -> Self:
        """Read them as the core writes them."""
        names = (name for name in cls.__dataclass_fields__ if name != "series")
        plain = {name: cast("int", counters[name]) for name in names}
        return cls(**plain, series=Series.from_core(series) if series else Series())

    @classmethod
    def total(cls, several: Sequence[Self]) -> Self:
        """All of them together."""
        firsts = [one.first_ns for one in several if one.first_ns is not None]
        lasts = [one.last_ns for one in several if one.last_ns is not None]
        return cls(
            packets=sum(one.packets for one in several),
            bytes=sum(one.bytes for one in several),
            fresh=sum(one.fresh for one in several),
            repeated=sum(one.repeated for one in several),
            repeated_segments=sum(one.repeated_segments for one in several),
            first_ns=min(firsts, default=None),
            last_ns=max(lasts, default=None),
            series=Series.merged(one.series for one in several),
        )


class Volume:
    """How much data had passed by any moment."""

    def __init__(self, series: Series) -> None:
        self._period = series.period_ns
        self._starts = [start for start, _ in series.stretches]
        self._counts = [count for _, count in series.stretches]
        self._sums = [0, *accumulate(self._counts)]

    def until(self, at_ns: int) -> float:
        """Bytes up to then; those of a stretch are spread over it."""
        index = bisect_left(self._starts, at_ns)
        whole = self._sums[index]
        if not index:
            return 0.0
        missing = max(0, self._starts[index - 1] + self._period - at_ns)
        return whole - self._counts[index - 1] * missing / self._period

    def rate(self, start_ns: int, end_ns: int) -> float:
        """Bits per second between two moments."""
        passed = self.until(end_ns) - self.until(start_ns)
        return passed * 8e9 / (end_ns - start_ns)
