"""Drops: read as the core writes them."""

from __future__ import annotations

import json

from usernet.config.apps import App, Sink, Source
from usernet.config.impairment import Impairment
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.drops import Drops

ONE: dict[str, object] = {
    "number": 3,
    "time_ns": 5,
    "app": "down/office",
    "share": "video",
    "cause": "queue",
    "packets": 1,
    "length": 60,
    "protocol": 17,
    "source": "192.0.2.1",
    "source_port": 53,
    "destination": "192.0.2.2",
    "destination_port": 5353,
}


def test_a_drop_is_of_a_direction_and_of_a_flow() -> None:
    drops = Drops.from_core(json.dumps({"count": 3, "drops": [ONE]}))
    assert (drops.count, len(drops.latest)) == (3, 1)
    drop = drops.latest[0]
    assert (drop.direction, drop.flow, drop.source_port) == ("down", "video", 53)
    for share, app, flow in ((None, "up/dns", "dns"), ("rx", "up", ""), (None, "up", "")):
        text = json.dumps({"count": 1, "drops": [ONE | {"share": share, "app": app}]})
        assert Drops.from_core(text).latest[0].flow == flow


def test_an_engine_keeps_the_latest() -> None:
    links = ("source.tx -> line.rx", "line.tx -> sink.rx")
    apps: dict[str, App] = {
        "source": Source(60, 1000),
        "line": Impairment(loss="100%"),
        "sink": Sink(),
    }
    engine = Engine(virtual=True)
    engine.configure(Topology(apps, frozenset(map(parse_connection, links))))
    engine.advance(1_999_000_000)
    drops = engine.drops()
    later = engine.drops(drops.count - 1)
    engine.stop()
    assert (drops.count, len(drops.latest)) == (2000, 1024)
    assert [one.number for one in drops.latest] == list(range(977, 2001))
    assert {(one.app, one.cause, one.protocol) for one in drops.latest} == {("line", "loss", None)}
    assert later.latest == drops.latest[-1:]
