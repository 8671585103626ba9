"""How much a queue holds: in time, in bytes, in packets, or the first of several to fill.

``100ms``, ``64kb``, ``1000packets`` or ``1000p``; several are joined by a blank: ``100ms 64kb``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from usernet.config import units
from usernet.config.words import Words

__all__ = ["QueueLimit"]

_GRAMMAR = "a time, a size or a number of packets, such as 100ms, 64kb or 1000packets"
_PACKETS = re.compile(r"(\d+)(?:p|pkts?|packets?)", re.ASCII)
_TIME = re.compile(r".*[\d.](?:[num]?s(?:ecs?)?|min|h)", re.ASCII)


@dataclass(frozen=True, slots=True)
class QueueLimit:
    """When a queue is full; None is no limit of that kind.

    Attributes:
        packets: Packets waiting.
        bytes: Bytes waiting.
        ns: Nanoseconds that what waits takes to send at the present rate.
    """

    packets: int | None = None
    bytes: int | None = None
    ns: int | None = None

    @classmethod
    def parse(cls, text: object, path: str = "queue") -> QueueLimit:
        """Read one or several limits, each kind once.

        Raises:
            ConfigError: If a limit is none, is 0, or of a kind that was given already.
        """
        words = Words(text, path, _GRAMMAR)
        found: dict[str, int] = {}
        while words.left or not found:
            kind, limit = _limit(words.take(_GRAMMAR).lower(), path)
            if kind in found or limit == 0:
                raise words.error("each limit once, and none of 0", _GRAMMAR)
            found[kind] = limit
        return cls(**found)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        texts = [units.duration_text(self.ns)] if self.ns is not None else []
        texts += [units.size_text(self.bytes)] if self.bytes is not None else []
        texts += [f"{self.packets}packets"] if self.packets is not None else []
        return " ".join(texts)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {"packets": self.packets, "bytes": self.bytes, "ns": self.ns}


def _limit(word: str, path: str) -> tuple[str, int]:
    if packets := _PACKETS.fullmatch(word):
        return "packets", units.number(packets[1], path=path)
    if _TIME.fullmatch(word):
        return "ns", units.nanoseconds(word, path=path)
    return "bytes", units.byte_count(word, path=path)
