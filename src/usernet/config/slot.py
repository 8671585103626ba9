"""Slots: packets leave only when a gate opens, as on a shared medium, in tc's words.

``slot`` of tc: ``MIN [MAX]`` or ``distribution NAME DELAY JITTER``, then ``[packets N] [bytes N]``:
``20ms 30ms packets 10`` or ``distribution pareto 20ms 5ms bytes 64kb``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from usernet.config import units
from usernet.config.distribution import NAMES
from usernet.config.known import known
from usernet.config.words import Words

__all__ = ["Slot"]

_GRAMMAR = "MIN [MAX] or distribution NAME DELAY JITTER, then [packets N] [bytes SIZE]"


@dataclass(frozen=True, slots=True)
class Slot:
    """When the gate opens again, and how much passes each time.

    Attributes:
        min_ns: Shortest time to the next opening, if there is no distribution.
        max_ns: Longest time to the next opening, if there is no distribution.
        distribution: Name of the distribution of the time to the next opening.
        delay_ns: Its mean.
        jitter_ns: Its spread.
        packets: Packets that pass in one opening; 0 is no limit.
        bytes: Bytes that pass in one opening; 0 is no limit.
    """

    min_ns: int = 0
    max_ns: int = 0
    distribution: str | None = None
    delay_ns: int = 0
    jitter_ns: int = 0
    packets: int = 0
    bytes: int = 0

    @classmethod
    def parse(cls, text: object, path: str = "slot") -> Slot:
        """Read a slot; raises ConfigError if it is none."""
        words = Words(text, path, _GRAMMAR)
        gap = _distributed(words, path) if words.accept("distribution") else _between(words)
        if gap.min_ns > gap.max_ns or not gap.max_ns + gap.delay_ns:
            raise words.error("max is below min, or both are 0", _GRAMMAR)
        limits = words.pairs({"packets": _packets, "bytes": _bytes})
        packets, size = (int(str(limits.get(name, 0))) for name in ("packets", "bytes"))
        return replace(gap, packets=packets, bytes=size)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        first, second = self.min_ns, self.max_ns
        if self.distribution:
            first, second = self.delay_ns, self.jitter_ns
        texts = ["distribution", self.distribution] if self.distribution else []
        texts += [units.duration_text(first), units.duration_text(second)]
        texts += ["packets", str(self.packets)] if self.packets else []
        texts += ["bytes", units.size_text(self.bytes)] if self.bytes else []
        return " ".join(texts)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        names = ("min_ns", "max_ns", "distribution", "delay_ns", "jitter_ns", "packets", "bytes")
        return {name: getattr(self, name) for name in names}


def _distributed(words: Words, path: str) -> Slot:
    name = known(words.take("distribution"), NAMES, path=path, what="distribution")
    delay = words.duration("delay")
    return Slot(distribution=name, delay_ns=delay, jitter_ns=words.duration("jitter"))


def _between(words: Words) -> Slot:
    least = words.duration("min")
    ends = words.upcoming() in {"", "packets", "bytes"}
    return Slot(least, least if ends else words.duration("max"))


def _packets(word: str, path: str) -> int:
    return units.number(word, path=path)


def _bytes(word: str, path: str) -> int:
    return units.byte_count(word, path=path)
