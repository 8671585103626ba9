"""What became of flows, with and without something that they share."""

from __future__ import annotations

import json

from usernet.engine.flow_counters import FlowCounters, flow_counters
from usernet.engine.statistics import Statistics

LATENESS = dict.fromkeys(("count", "overruns", "p50_ns", "p99_ns", "p999_ns", "max_ns"), 0)


def impairment(came: int, went: int, **more: object) -> dict[str, object]:
    zero = dict.fromkeys(("marked", "duplicated", "corrupted", "reordered", "queue_ns"), 0)
    own: dict[str, object] = {
        "kind": "impairment",
        "packets_in": came,
        "bytes_in": came * 100,
        "packets_out": went,
        "bytes_out": went * 100,
        "dropped": {},
        "delayed": 0,
        "queue_packets": 0,
        "queue_bytes": 0,
        "lateness": LATENESS,
    }
    return {**zero, **own, **more}


def share(came: int, went: int, **dropped: int) -> dict[str, object]:
    counts = {
        "packets_in": came,
        "bytes_in": came * 100,
        "packets_out": went,
        "bytes_out": went * 100,
    }
    return {**counts, "weight": 1, "dropped": dropped, "queue_packets": 1, "queue_bytes": 100}


def statistics(**apps: object) -> Statistics:
    named = {name.replace("_", "/"): app for name, app in apps.items()}
    plain = ("time_ns", "breaths", "generation", "packets_lent", "pool_bytes", "packets_refused")
    return Statistics.from_core(json.dumps({**dict.fromkeys(plain, 0), "links": {}, "apps": named}))


def test_a_flow_alone() -> None:
    found = flow_counters(
        statistics(up=impairment(9, 8, dropped={"loss": 1}), up_dns=impairment(5, 4, delayed=1)),
        "up",
        ("dns", "none"),
    )
    assert found == {
        "": FlowCounters(9, 900, 8, 800, {"loss": 1}, 0, 0, 0, 0),
        "dns": FlowCounters(5, 500, 4, 400, {}, 1, 0, 0, 0),
    }


def test_what_flows_share_is_told_of_each() -> None:
    shared = {"a": share(8, 6, queue=1), "rx": share(0, 0)}
    found = flow_counters(
        statistics(
            down=impairment(1, 1),
            down_a=impairment(9, 8, dropped={"loss": 1}),
            down_office=impairment(8, 6, shares=shared, dropped={"queue": 1}),
        ),
        "down",
        ("a",),
    )
    assert found["a"] == FlowCounters(
        9, 900, 6, 600, {"loss": 1, "queue": 1}, 0, 1, 100, 0, "office"
    )
    assert set(found) == {"", "a"}


def test_the_rest_where_the_links_own_queue_is_shared() -> None:
    shared = {"a": share(8, 7), "rx": share(3, 2, queue=1)}
    found = flow_counters(
        statistics(up=impairment(11, 9, shares=shared), up_a=impairment(8, 8)), "up", ("a",)
    )
    assert found[""] == FlowCounters(3, 300, 2, 200, {"queue": 1}, 0, 1, 100, 0, "link")
    assert found["a"] == FlowCounters(8, 800, 7, 700, {}, 0, 1, 100, 0, "link")
