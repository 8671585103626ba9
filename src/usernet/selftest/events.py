"""Events: the engine's event log, read by columns, so that a million packets take no time."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from enum import IntEnum
from itertools import compress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Event", "EventLog"]

_RECORD = 24


class Event(IntEnum):
    """What happened to a packet."""

    IN = 0
    OUT = 1
    DROPPED = 2
    MARKED = 3
    DUPLICATED = 4
    CORRUPTED = 5
    REORDERED = 6


@dataclass(frozen=True, slots=True)
class EventLog:
    """The events of one app, in the order in which they were written down.

    Attributes:
        times: When, in nanoseconds.
        packets: The number of the packet.
        lengths: Its bytes.
        events: What happened, a byte of `Event` each.
        causes: Why it was dropped, a byte each.
    """

    times: Sequence[int]
    packets: Sequence[int]
    lengths: Sequence[int]
    events: bytes
    causes: bytes

    @classmethod
    def of_each_app(cls, log: bytes) -> tuple[Self, ...]:
        """Read what `usernet.engine.Engine.log` gives; one log an app, in the order they appear."""
        words, halves = _words("Q", log), _words("I", log)
        apps = _words("H", log)[10::12]
        columns = (words[0::3], words[1::3], halves[4::6], log[22::_RECORD], log[23::_RECORD])
        return tuple(cls._of(columns, apps, app) for app in dict.fromkeys(apps))

    @classmethod
    def _of(
        cls,
        columns: tuple[Sequence[int], Sequence[int], Sequence[int], bytes, bytes],
        apps: Sequence[int],
        app: int,
    ) -> Self:
        mask = bytes(other == app for other in apps)
        times, packets, lengths, events, causes = (compress(column, mask) for column in columns)
        return cls(list(times), list(packets), list(lengths), bytes(events), bytes(causes))

    def count(self, event: Event) -> int:
        """How often it happened."""
        return self.events.count(event)

    def times_of(self, event: Event) -> list[int]:
        """When it happened, in the order of the log."""
        return list(compress(self.times, self._mask(event)))

    def packets_of(self, event: Event) -> list[int]:
        """To which packets it happened, in the order of the log."""
        return list(compress(self.packets, self._mask(event)))

    def fates(self) -> bytes:
        """One byte a packet, `Event.OUT` or `Event.DROPPED`, in the order of the log."""
        others = bytes(set(Event) - {Event.OUT, Event.DROPPED})
        return self.events.translate(None, others)

    def passages(self) -> list[tuple[int, int, int]]:
        """Number, time in and time out of each packet that went out, in the order they went."""
        came = dict(zip(self.packets_of(Event.IN), self.times_of(Event.IN), strict=True))
        went = zip(self.packets_of(Event.OUT), self.times_of(Event.OUT), strict=True)
        return [(packet, came[packet], out) for packet, out in went if packet in came]

    def delays(self) -> list[int]:
        """From in to out, in nanoseconds, of each packet in the order they came."""
        return [out - came for _, came, out in sorted(self.passages())]

    def _mask(self, event: Event) -> bytes:
        return self.events.translate(bytes(code == event for code in range(256)))


def _words(size: str, log: bytes) -> Sequence[int]:
    words = array(size, log)
    if sys.byteorder == "big":
        words.byteswap()
    return words
