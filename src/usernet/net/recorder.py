"""Recorder: the statistics of a run over time, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.engine.statistics import ImpairmentStatistics, Statistics

__all__ = ["Recorder", "Recording", "Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was counted up to one moment.

    Attributes:
        time_ns: The engine's time, in nanoseconds since it started.
        impairments: By name: ``up`` and ``down``, and ``up/NAME`` for a flow.
    """

    time_ns: int
    impairments: Mapping[str, ImpairmentStatistics]


@dataclass(frozen=True, slots=True)
class Recording:
    """A run over time.

    Attributes:
        samples: In order of time; the last one is the last that was added.
        period_ns: The least time between two samples, the last one excepted.
    """

    samples: tuple[Sample, ...]
    period_ns: int


class Recorder:
    """Keeps a sample of the statistics each period.

    When it is full, it forgets every other sample and doubles its period: counters count on, so
    nothing counted is lost, only when exactly it was.

    Args:
        period_ns: Time between two samples at first, in nanoseconds.
        limit: The most samples held.

    Raises:
        ConfigError: The period is not positive, or the limit below 4.
    """

    def __init__(self, period_ns: int, limit: int = 20_000) -> None:
        if period_ns <= 0:
            raise ConfigError("not a period", path="period_ns", value=period_ns, allowed="≥ 1")
        if limit < 4:  # noqa: PLR2004 - a first, a last and half of the rest
            raise ConfigError("too few samples", path="limit", value=limit, allowed="≥ 4")
        self._period_ns = period_ns
        self._limit = limit
        self._kept: list[Sample] = []
        self._last: Sample | None = None

    @property
    def period_ns(self) -> int:
        """Time between two samples, for now."""
        return self._period_ns

    def is_due(self, time_ns: int) -> bool:
        """Whether statistics of this time would be kept."""
        return not self._kept or time_ns >= self._kept[-1].time_ns + self._period_ns

    def add(self, statistics: Statistics) -> None:
        """Take these statistics into account; more often than the period does no harm."""
        sample = Sample(statistics.time_ns, statistics.impairments)
        self._last = sample
        if not self.is_due(sample.time_ns):
            return
        self._kept.append(sample)
        if len(self._kept) == self._limit:
            del self._kept[1::2]
            self._period_ns *= 2

    def recording(self) -> Recording:
        """The run so far."""
        last = () if self._last is None or self._ends_with(self._last) else (self._last,)
        return Recording((*self._kept, *last), self._period_ns)

    def _ends_with(self, sample: Sample) -> bool:
        return bool(self._kept) and self._kept[-1].time_ns >= sample.time_ns
