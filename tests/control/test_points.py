"""Points: what the line did between two looks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from usernet.config.apps import Tee
from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.control.points import point
from usernet.net.emulation import Emulation, Ends

if TYPE_CHECKING:
    from usernet.engine import Statistics

LINK = Link(up=Impairment(delay="20ms"), down=Impairment(delay="30ms", rate="1mbit"))


def counted() -> Statistics:
    emulation = Emulation(Scenario(LINK), Ends(Tee(), Tee()))
    try:
        return emulation.statistics()
    finally:
        emulation.stop()


def test_who_counted_nothing_is_told_as_anybody_is() -> None:
    """The same object, which is told in short, and an equal one, of which the sum is made."""
    now = counted()
    parts = {name: replace(one) for name, one in now.impairments.items()}
    equal = replace(now, impairments=parts)
    short, long = (json.dumps(point(before, now, LINK), sort_keys=True) for before in (now, equal))
    assert short == long


def test_rates_are_of_what_was_counted_since() -> None:
    now = counted()
    down = replace(
        now.impairments["down"],
        bytes_in=2500,
        packets_in=20,
        bytes_out=1250,
        packets_out=10,
        dropped={**now.impairments["down"].dropped, "loss": 5},
        queue_ns=7_000_000,
    )
    later = replace(
        now, time_ns=now.time_ns + 500_000_000, impairments={**now.impairments, "down": down}
    )
    told = point(now, later, LINK)
    lines = told["lines"]
    assert isinstance(lines, dict)
    assert lines["down"] == {
        "bits_in": 40_000,
        "bits_out": 20_000,
        "packets_in": 40.0,
        "packets_out": 20.0,
        "delay_ns": 37_000_000,
        "queue_ns": 7_000_000,
        "queue_bytes": 0,
        "queue_packets": 0,
        "in_flight": 0,
        "dropped": {"loss": 5},
        "loss": 0.25,
    }
