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
        events: What happened, a byte of `Event` each.
    """

    times: Sequence[int]
    packets: Sequence[int]
    events: bytes

    @classmethod
    def of_each_app(cls, log: bytes) -> tuple[Self, ...]:
        """Read what `usernet.engine.Engine.log` gives; one log an app, in the order they appear.

        Of the app's number the low byte is read: it tells 256 apps apart.
        """
        words = _words(log)
        apps, columns = log[20::_RECORD], (words[0::3], words[1::3], log[22::_RECORD])
        return tuple(cls._of(columns, _where(apps, app)) for app in dict.fromkeys(apps))

    @classmethod
    def _of(cls, columns: tuple[Sequence[int], Sequence[int], bytes], mask: bytes) -> Self:
        times, packets, events = (compress(column, mask) for column in columns)
        return cls(list(times), list(packets), bytes(events))

    def count(self, event: Event) -> int:
        """How often it happened."""
        return self.events.count(event)

    def times_of(self, event: Event) -> list[int]:
        """When it happened, in the order of the log."""
        return list(compress(self.times, self._mask(event)))

    def packets_of(self, event: Event) -> list[int]:
        """To which packets it happened, in the order of the log."""
        return list(compress(self.packets, self._mask(event)))

    def losses(self) -> bytes:
        """One byte a packet, 1 if it was dropped and else 0, in the order they came."""
        dropped = set(self.packets_of(Event.DROPPED))
        return bytes(map(dropped.__contains__, self.packets_of(Event.IN)))

    def passages(self) -> list[tuple[int, int, int]]:
        """Number, time in and time out of each packet that went out, in the order they went."""
        came = dict(zip(self.packets_of(Event.IN), self.times_of(Event.IN), strict=True))
        went = zip(self.packets_of(Event.OUT), self.times_of(Event.OUT), strict=True)
        return [(packet, came[packet], out) for packet, out in went if packet in came]

    def delays(self) -> list[int]:
        """From in to out, in nanoseconds, of each packet in the order they came."""
        went = dict(zip(self.packets_of(Event.OUT), self.times_of(Event.OUT), strict=True))
        came = zip(self.packets_of(Event.IN), self.times_of(Event.IN), strict=True)
        return [went[packet] - at for packet, at in came if packet in went]

    def _mask(self, event: Event) -> bytes:
        return _where(self.events, event)


def _where(column: bytes, value: int) -> bytes:
    """One byte for each of a column: 1 where it has the value, else 0."""
    return column.translate(bytes(byte == value for byte in range(256)))


def _words(log: bytes) -> Sequence[int]:
    words = array("Q", log)
    if sys.byteorder == "big":
        words.byteswap()
    return words
