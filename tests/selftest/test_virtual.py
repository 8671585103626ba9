"""Runs in virtual time: nothing is missing from their logs."""

from __future__ import annotations

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import virtual
from usernet.selftest.events import Event

_SOURCE = Source(size=100, packets_per_second=1000, count=10)
_LINE = Impairment(delay="3ms")


def test_the_log_begins_with_the_first_packet() -> None:
    log = virtual.run(_LINE, _SOURCE, "1s", seed=1)
    assert log.times_of(Event.IN) == [i * 1_000_000 for i in range(10)]
    assert log.times_of(Event.OUT) == [(i + 3) * 1_000_000 for i in range(10)]


def test_what_leaves_one_line_enters_the_next() -> None:
    first, second = virtual.run_chain([_LINE, _LINE], _SOURCE, "1s", seed=1)
    assert first.times_of(Event.OUT) == second.times_of(Event.IN)
    assert second.delays() == [3_000_000] * 10


def test_statistics_are_of_the_same_run() -> None:
    lossy = Impairment(loss="50%")
    log = virtual.run(lossy, _SOURCE, "1s", seed=1)
    statistics = virtual.statistics(lossy, _SOURCE, "1s", seed=1)
    assert statistics.packets_in == 10
    assert statistics.dropped["loss"] == log.count(Event.DROPPED) > 0
