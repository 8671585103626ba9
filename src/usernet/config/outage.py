"""Outages that come again and again: ``140ms every 15s [offset 1s]`` or ``random 2s every 60s``."""

from __future__ import annotations

from dataclasses import dataclass

from usernet.config import units
from usernet.config.words import Words

__all__ = ["PeriodicOutage"]

_GRAMMAR = "DOWN every PERIOD [offset TIME] or random DOWN every PERIOD, such as 140ms every 15s"


@dataclass(frozen=True, slots=True)
class PeriodicOutage:
    """The line is cut for a part of every period.

    Attributes:
        down_ns: How long; the mean of exponential times if random.
        period_ns: From the start of one outage to the start of the next; the mean if random.
        offset_ns: When the first one starts.
        random: Whether both times are random.
    """

    down_ns: int
    period_ns: int
    offset_ns: int = 0
    random: bool = False

    @classmethod
    def parse(cls, text: object, path: str = "outage") -> PeriodicOutage:
        """Read an outage; raises ConfigError if it is none."""
        words = Words(text, path, _GRAMMAR)
        random = words.accept("random")
        down = words.duration("duration")
        if not words.accept("every"):
            raise words.error("an outage needs a period", _GRAMMAR)
        period = words.duration("every")
        offset = words.duration("offset") if not random and words.accept("offset") else 0
        words.end()
        if not 0 < down < period:
            raise words.error("not between 0 and the period", "down for less than the period")
        return cls(down, period, offset, random)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        down, period = units.duration_text(self.down_ns), units.duration_text(self.period_ns)
        text = f"random {down} every {period}" if self.random else f"{down} every {period}"
        return f"{text} offset {units.duration_text(self.offset_ns)}" if self.offset_ns else text

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        times = {"down_ns": self.down_ns, "period_ns": self.period_ns, "offset_ns": self.offset_ns}
        return {**times, "random": self.random}
