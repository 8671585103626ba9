"""Recovery: whether goodput came back after a line was cut, or became something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from usernet.config.quantity import Bitrate, Span
from usernet.net.meters import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.net.meters import Counts

__all__ = ["Moment", "Recovery", "recovery"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a line became something else.

    Attributes:
        time_ns: When, on the engine's clock.
        is_cut: Whether it is cut from then on, in one direction or both.
        text: What it is from then on, in words.
    """

    time_ns: int
    is_cut: bool
    text: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """Whether goodput came back; true if it did in time.

    Attributes:
        recovered: Whether it did.
        reason: What was seen, in words.
        took: How long it took; None where it did not come back, or nobody can tell.
        before: Goodput before.
        after: Goodput when it was back, or the best there was.
    """

    recovered: bool
    reason: str
    took: Span | None = None
    before: Bitrate = field(default_factory=Bitrate)
    after: Bitrate = field(default_factory=Bitrate)

    def __bool__(self) -> bool:
        return self.recovered

    def __str__(self) -> str:
        """What was seen, in words."""
        return self.reason

    def __repr__(self) -> str:
        return f"<Recovery: {self.reason}>"


_BEFORE_NS = 1_000_000_000
"""How much time before the line got worse is looked at."""
_MOST_STEPS = 4096


def recovery(
    received: Counts,
    moments: Sequence[Moment],
    now_ns: int,
    *,
    within_ns: int,
    window_ns: int,
    share: float,
) -> Recovery:
    """Whether goodput came back after the last of these moments.

    Args:
        received: What arrived.
        moments: When the line became something else.
        now_ns: Now.
        within_ns: How long it may take.
        window_ns: For how long goodput must be as high as before.
        share: How much of the goodput before is enough.
    """
    episode = _episode(moments)
    if episode is None:
        return Recovery(False, "the line has not changed")
    start, end = episode
    if end is None:
        return Recovery(False, f"the line is cut since {_at(start)}")
    volume, first = Volume(received.series), received.first_ns
    if first is None or first >= start:
        return Recovery(False, f"no data had arrived before {_at(start)}")
    before = Bitrate(volume.rate(max(first, start - _BEFORE_NS), start))
    if not before:
        return Recovery(False, f"no data arrived in the second before {_at(start)}")
    limits = _Limits(end, within_ns, window_ns, now_ns, received.series.period_ns)
    return _search(volume, limits, before, share)


class _Limits(NamedTuple):
    end: int
    within: int
    window: int
    now: int
    step: int


def _search(volume: Volume, limits: _Limits, before: Bitrate, share: float) -> Recovery:
    """Look for the first window in which goodput is back."""
    end, within, window, now, period = limits
    best = 0.0
    step = -(-within // (_MOST_STEPS * period)) * period or period
    for begin in range(end, end + within + 1, step):
        if begin + window > now:
            seen = Span(max(0, now - end) / 1e9)
            reason = f"only {seen} have passed since {_at(end)}, which is too early to tell"
            return Recovery(False, f"{reason}: at most {Bitrate(best)} of {before}", None, before)
        rate = volume.rate(begin, begin + window)
        best = max(best, rate)
        if rate >= share * before:
            took, after = Span((begin - end) / 1e9), Bitrate(rate)
            reason = f"{after} of {before}, {took} after {_at(end)}"
            return Recovery(True, reason, took, before, after)
    allowed, after = Span(within / 1e9), Bitrate(best)
    reason = f"not within {allowed} after {_at(end)}: at most {after} of {before} before"
    return Recovery(False, reason, None, before, after)


def _episode(moments: Sequence[Moment]) -> tuple[int, int | None] | None:
    """When the line last got worse, and when it was whole again, or became what it is."""
    if not moments:
        return None
    cut_ns: int | None = None
    episode: tuple[int, int | None] | None = None
    for moment in moments:
        if moment.is_cut:
            cut_ns = moment.time_ns if cut_ns is None else cut_ns
            episode = (cut_ns, None)
        else:
            episode = (moment.time_ns if cut_ns is None else cut_ns, moment.time_ns)
            cut_ns = None
    return episode


def _at(time_ns: int) -> str:
    return f"{time_ns / 1e9:.3f} s"
