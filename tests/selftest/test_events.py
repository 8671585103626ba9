"""The event log by columns, from records written by hand."""

from __future__ import annotations

import struct

from usernet.selftest.events import Event, EventLog

_RECORD = struct.Struct("<QQIHBB")
_LOSS = 1


def _log(*records: tuple[int, int, int, int, Event, int]) -> bytes:
    return b"".join(_RECORD.pack(*record) for record in records)


_RAW = _log(
    (10, 1, 60, 4, Event.IN, 0),
    (10, 1, 60, 4, Event.DROPPED, _LOSS),
    (20, 2, 60, 4, Event.IN, 0),
    (25, 9, 60, 7, Event.IN, 0),
    (30, 3, 1500, 4, Event.IN, 0),
    (36, 3, 1500, 4, Event.OUT, 0),
    (40, 2, 60, 4, Event.OUT, 0),
)


def test_each_app_has_its_own_log_in_the_order_of_appearance() -> None:
    first, second = EventLog.of_each_app(_RAW)
    assert (first.packets, second.packets) == ([1, 1, 2, 3, 3, 2], [9])
    assert first.times == [10, 10, 20, 30, 36, 40]


def test_events_are_counted_and_listed() -> None:
    log = EventLog.of_each_app(_RAW)[0]
    assert (log.count(Event.IN), log.count(Event.OUT), log.count(Event.DROPPED)) == (3, 2, 1)
    assert log.packets_of(Event.OUT) == [3, 2]
    assert log.times_of(Event.OUT) == [36, 40]
    assert log.losses() == bytes([1, 0, 0])


def test_delays_are_in_the_order_of_arrival() -> None:
    log = EventLog.of_each_app(_RAW)[0]
    assert log.passages() == [(3, 30, 36), (2, 20, 40)]
    assert log.delays() == [20, 6]


def test_no_events_are_no_logs() -> None:
    assert EventLog.of_each_app(b"") == ()
