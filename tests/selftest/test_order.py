"""Reordering, duplication and corruption: exact counts, and what a receiver sees."""

from __future__ import annotations

import pytest

from usernet.selftest.events import Event
from usernet.selftest.order import COUNTED, PACKETS, counted, log_of, reordered


def test_reordering_is_counted_as_in_the_rfc() -> None:
    """The example of RFC 4737, 3.3 and its appendix: a packet is late against the largest seen."""
    assert reordered([1, 2, 3, 4, 5]) == 0
    assert reordered([1, 2, 3, 7, 4, 5, 6, 8]) == 3
    assert reordered([2, 1, 4, 3]) == 2


@pytest.mark.parametrize("key", COUNTED)
def test_counts_follow_from_the_seed(key: str) -> None:
    log = log_of(key)
    assert counted(key, log) == COUNTED[key]
    assert log.count(Event.IN) == PACKETS


def test_a_duplicate_is_one_more_packet() -> None:
    assert log_of("duplicate").count(Event.OUT) == PACKETS + COUNTED["duplicate"]


def test_a_corrupted_packet_still_arrives() -> None:
    assert log_of("corrupt").count(Event.OUT) == PACKETS


def test_a_packet_sent_at_once_overtakes_those_of_the_delay() -> None:
    """10 ms of packets 1 ms apart: ten or nine are late for each that was sent at once."""
    late = reordered(log_of("reorder").packets_of(Event.OUT))
    assert COUNTED["reorder"] < late <= 10 * COUNTED["reorder"]
