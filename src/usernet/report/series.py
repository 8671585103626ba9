"""Series: what a recording says about one impairment, as values over time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from usernet.engine.statistics import ImpairmentStatistics
    from usernet.net.recorder import Recording
    from usernet.report.timeline import Change

    Reading = Callable[[ImpairmentStatistics], int]

__all__ = ["Series", "causes", "configured_rate", "delay_ms", "gauge", "per_second"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time.

    Attributes:
        seconds: When, ascending.
        values: What then; None where nothing is known.
    """

    seconds: tuple[float, ...]
    values: tuple[float | None, ...]

    @property
    def highest(self) -> float:
        """The highest value; 0 of none."""
        return max((value for value in self.values if value is not None), default=0)

    def thinned(self, most: int) -> Self:
        """At most this many points: the lowest and the highest of each stretch of time."""
        if len(self.values) <= most:
            return self
        kept = [index for stretch in self._stretches(most // 2) for index in stretch]
        seconds = tuple(self.seconds[index] for index in kept)
        return type(self)(seconds, tuple(self.values[index] for index in kept))

    def _stretches(self, number: int) -> Iterator[list[int]]:
        points = len(self.values)
        for stretch in range(number):
            inside = range(points * stretch // number, points * (stretch + 1) // number)
            ends = (min(inside, key=self._level), max(inside, key=self._level))
            yield sorted(set(ends))

    def _level(self, index: int) -> float:
        value = self.values[index]
        return -1.0 if value is None else value


def per_second(recording: Recording, name: str, counter: Reading, *, times: int = 1) -> Series:
    """How fast a counter grows; each value holds from the time before it.

    A counter that falls started anew, from zero.
    """
    counted = list(_readings(recording, name, counter))
    seconds = [time / 1e9 for time, _ in counted]
    values: list[float] = []
    for (earlier, before), (later, after) in pairwise(counted):
        grown = after - before if after >= before else after
        values.append(round(grown * times * 1e9 / (later - earlier), 3))
    return Series(tuple(seconds), (*values[:1], *values)) if values else Series((), ())


def gauge(recording: Recording, name: str, reading: Reading) -> Series:
    """A value that stands at each sample."""
    read = list(_readings(recording, name, reading))
    return Series(tuple(time / 1e9 for time, _ in read), tuple(value for _, value in read))


def delay_ms(recording: Recording, name: str, changes: Sequence[Change]) -> Series:
    """Wait in the queue and configured delay together, in milliseconds."""
    told = [change for change in changes if name in change.configured]
    starts = [change.time_ns for change in told]
    seconds: list[float] = []
    values: list[float] = []
    for time, wait in _readings(recording, name, lambda one: one.queue_ns):
        index = bisect_right(starts, time) - 1
        delay = told[index].configured[name].delay_ns if index >= 0 else 0
        seconds.append(time / 1e9)
        values.append(round((wait + delay) / 1e6, 6))
    return Series(tuple(seconds), tuple(values))


def configured_rate(changes: Sequence[Change], name: str, end_ns: int) -> Series:
    """The rate that was configured, as steps; None while there is no limit."""
    told = [change for change in changes if name in change.configured and change.time_ns <= end_ns]
    if not any(change.configured[name].bits_per_second for change in told):
        return Series((), ())
    seconds = tuple(change.time_ns / 1e9 for change in told)
    values = tuple(change.configured[name].bits_per_second for change in told)
    return Series((*seconds, end_ns / 1e9), (*values, values[-1]))


def causes(recording: Recording, name: str) -> tuple[str, ...]:
    """Causes for which this impairment dropped anything, in order of their names."""
    samples = (sample.impairments.get(name) for sample in recording.samples)
    found = {cause for one in samples if one is not None for cause, n in one.dropped.items() if n}
    return tuple(sorted(found))


def _readings(recording: Recording, name: str, reading: Reading) -> Iterator[tuple[int, int]]:
    last = -1
    for sample in recording.samples:
        statistics = sample.impairments.get(name)
        if statistics is not None and sample.time_ns > last:
            last = sample.time_ns
            yield last, reading(statistics)
