"""Reordering, duplication and corruption: exact counts, and what a receiver sees."""

from __future__ import annotations

import pytest

from usernet.selftest.order import COUNTED, PACKETS, arrivals, counted, reordered


def test_reordering_is_counted_as_in_the_rfc() -> None:
    """The example of RFC 4737, 3.3 and its appendix: a packet is late against the largest seen."""
    assert reordered([1, 2, 3, 4, 5]) == 0
    assert reordered([1, 2, 3, 7, 4, 5, 6, 8]) == 3
    assert reordered([2, 1, 4, 3]) == 2


@pytest.mark.parametrize("key", COUNTED)
def test_counts_follow_from_the_seed(key: str) -> None:
    assert counted(key) == COUNTED[key]


def test_a_duplicate_is_one_more_packet() -> None:
    assert len(arrivals("duplicate")) == PACKETS + COUNTED["duplicate"]


def test_a_corrupted_packet_still_arrives() -> None:
    assert len(arrivals("corrupt")) == PACKETS


def test_a_packet_sent_at_once_overtakes_those_of_the_delay() -> None:
    """Ten packets are under way when one is sent at once; some of them are overtaken already."""
    late = reordered(arrivals("reorder"))
    assert COUNTED["reorder"] < late <= 10 * COUNTED["reorder"]
