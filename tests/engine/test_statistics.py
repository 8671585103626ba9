"""Statistics: a snapshot of the core as values."""

from __future__ import annotations

import json

import pytest

from usernet.engine.statistics import (
    ImpairmentStatistics,
    Lateness,
    LinkStatistics,
    Statistics,
)

LATENESS = {
    "count": 9,
    "overruns": 1,
    "p50_ns": 10,
    "p99_ns": 20,
    "p999_ns": 30,
    "max_ns": 40,
    "buckets": [1, 8],
}
IMPAIRMENT = {
    "kind": "impairment",
    "packets_in": 1,
    "bytes_in": 2,
    "packets_out": 3,
    "bytes_out": 4,
    "dropped": {"loss": 5, "queue": 6},
    "marked": 7,
    "duplicated": 8,
    "corrupted": 9,
    "reordered": 10,
    "delayed": 11,
    "queue_packets": 12,
    "queue_bytes": 13,
    "queue_ns": 14,
    "lateness": LATENESS,
}
SNAPSHOT = {
    "time_ns": 1,
    "breaths": 2,
    "generation": 3,
    "packets_lent": 4,
    "pool_bytes": 5,
    "packets_refused": 6,
    "links": {"a.tx -> b.rx": {"packets": 7, "bytes": 8, "dropped": 9}},
    "apps": {"a": {"kind": "source", "packets": 10}, "b": IMPAIRMENT},
}


def read() -> Statistics:
    return Statistics.from_core(json.dumps(SNAPSHOT))


def test_each_counter_is_where_it_belongs() -> None:
    assert read() == Statistics(
        time_ns=1,
        breaths=2,
        generation=3,
        packets_lent=4,
        pool_bytes=5,
        packets_refused=6,
        links={"a.tx -> b.rx": LinkStatistics(packets=7, bytes=8, dropped=9)},
        impairments={
            "b": ImpairmentStatistics(
                packets_in=1,
                bytes_in=2,
                packets_out=3,
                bytes_out=4,
                dropped={"loss": 5, "queue": 6},
                marked=7,
                duplicated=8,
                corrupted=9,
                reordered=10,
                delayed=11,
                queue_packets=12,
                queue_bytes=13,
                queue_ns=14,
                lateness=Lateness(count=9, overruns=1, p50=10, p99=20, p999=30, maximum=40),
            )
        },
        apps={"a": {"kind": "source", "packets": 10}, "b": IMPAIRMENT},
    )


def test_drops_are_summed_over_their_causes() -> None:
    assert read().impairments["b"].dropped_total == 11


def test_nobody_can_change_a_snapshot() -> None:
    statistics = read()
    for mapping in (
        statistics.links,
        statistics.apps,
        statistics.impairments,
        statistics.impairments["b"].dropped,
    ):
        with pytest.raises(TypeError):
            mapping["other"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        statistics.time_ns = 2  # type: ignore[misc]


def test_a_line_that_was_never_late() -> None:
    assert Lateness() == Lateness(0, 0, 0, 0, 0, 0)


def test_what_has_counted_nothing_is_the_same_object_again() -> None:
    apps: dict[str, object] = {"b": IMPAIRMENT, "c": IMPAIRMENT}
    later: dict[str, object] = {
        "b": IMPAIRMENT,
        "c": {**IMPAIRMENT, "lateness": {**LATENESS, "count": 10}},
    }
    before = Statistics.from_core(json.dumps({**SNAPSHOT, "apps": apps}))
    now = Statistics.from_core(json.dumps({**SNAPSHOT, "apps": later}), before)
    assert now.impairments["b"] is before.impairments["b"]
    assert now.impairments["c"].lateness.count == 10
    assert now == Statistics.from_core(json.dumps({**SNAPSHOT, "apps": later}))
