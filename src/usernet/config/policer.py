"""A policer: a token bucket that drops what it has no tokens for: ``10mbit burst 64kb``."""

from __future__ import annotations

from dataclasses import dataclass

from usernet.config import units
from usernet.config.words import Words

__all__ = ["Policer"]

_GRAMMAR = "RATE burst SIZE, such as 10mbit burst 64kb"


@dataclass(frozen=True, slots=True)
class Policer:
    """A token bucket without a queue.

    Attributes:
        bits_per_second: How fast it fills.
        burst: Bytes that it holds.
    """

    bits_per_second: int
    burst: int

    @classmethod
    def parse(cls, text: object, path: str = "policer") -> Policer:
        """Read ``RATE burst SIZE``; raises ConfigError if it is none."""
        words = Words(text, path, _GRAMMAR)
        rate = words.rate("rate")
        if not words.accept("burst"):
            raise words.error("a policer needs a burst", _GRAMMAR)
        policer = cls(rate, words.size("burst"))
        words.end()
        if not policer.bits_per_second or not policer.burst:
            raise words.error("a rate or a burst of 0 lets nothing pass", _GRAMMAR)
        return policer

    def __str__(self) -> str:
        """The text that `parse` reads."""
        rate, burst = units.rate_text(self.bits_per_second), units.size_text(self.burst)
        return f"{rate} burst {burst}"

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {"bits_per_second": self.bits_per_second, "burst": self.burst}
