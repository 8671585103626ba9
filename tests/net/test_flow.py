"""Flows: what is told of a conversation, and how it reads in a failing test."""

from __future__ import annotations

import pytest

from usernet.errors import UnitError
from usernet.net.flow import FlowStatistics
from usernet.net.meters import Counts, Series
from usernet.net.recovery import Moment

S = 1_000_000_000
FLOW = FlowStatistics(
    "client → server",
    sent=Counts(1000, 1_500_000, 1_300_000, 14_480, 10, 1 * S, 3 * S),
    received=Counts(
        975, 1_460_000, 1_250_000, 0, 0, 2 * S, 6 * S, Series(S, ((2 * S, 1_250_000),))
    ),
    dropped={"loss": 20, "queue": 5, "aqm": 0},
    time_ns=10 * S,
    moments=(Moment(3 * S, False, "up loss=2%"),),
)


def test_goodput_is_data_that_arrived_over_the_time_it_took() -> None:
    assert FLOW.duration == "5s"
    assert FLOW.data == 1_250_000
    assert FLOW.goodput == "2mbit"


def test_retransmissions_and_drops() -> None:
    assert FLOW.retransmissions == 10
    assert FLOW.dropped_total == 25
    assert FLOW.loss == "2.5%"


def test_nothing_has_no_goodput_and_no_loss() -> None:
    empty = FlowStatistics("a → b")
    assert empty.goodput == 0
    assert empty.loss == 0
    assert empty.duration == 0
    assert not empty.recovers(within="5s")


def test_goodput_between_two_moments() -> None:
    assert FLOW.goodput_between("2s", "3s") == "10mbit"
    assert FLOW.goodput_between("2s", "4s") == "5mbit"
    with pytest.raises(ValueError, match="the end \\(2s\\) is not after the start \\(2s\\)"):
        FLOW.goodput_between("2s", "2s")
    with pytest.raises(UnitError, match="start"):
        FLOW.goodput_between("2", "3s")


def test_recovery_takes_text_with_units() -> None:
    found = FLOW.recovers(within="5s", share="50%", window="100ms")
    assert found.before == "10mbit"
    assert not found
    with pytest.raises(UnitError, match="within"):
        FLOW.recovers(within="5")


def test_it_reads_as_a_sentence() -> None:
    assert str(FLOW) == (
        "client → server: 1.192mb in 5s (2mbit), 1000 packets sent, "
        "25 dropped (loss 20, queue 5), 10 sent again"
    )
    assert repr(FLOW) == f"<Flow {FLOW}>"
    assert "0 dropped, 0 sent again" in str(FlowStatistics("a → b"))
