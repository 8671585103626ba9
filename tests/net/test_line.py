"""Lines: the graph of an emulated link between any two ends."""

from __future__ import annotations

import pytest

from usernet.config.apps import App, Meter, Sink, Source, Split
from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link
from usernet.config.topology import Topology
from usernet.engine import Engine
from usernet.engine.filters import compile_filter
from usernet.net.line import End, Line

UP, DOWN = Impairment(delay="1ms"), Impairment(delay="2ms")
DNS = Flow("dns", "udp port 53", Impairment(delay="3ms"), Impairment(delay="4ms"))
ENDS = (End("a", "eth0", "eth0"), End("b", "eth1", "eth1"))


def links(graph: Topology) -> list[str]:
    return sorted(map(str, graph.links))


def test_its_apps_have_its_name() -> None:
    graph = Line(Link(UP, DOWN), *ENDS, name="a-b").graph()
    assert dict(graph.apps) == {"a-b/up": UP, "a-b/down": DOWN}
    assert links(graph) == [
        "a-b/down.tx -> a.eth0",
        "a-b/up.tx -> b.eth1",
        "a.eth0 -> a-b/up.rx",
        "b.eth1 -> a-b/down.rx",
    ]


def test_meters_stand_at_both_ends_of_each_direction() -> None:
    graph = Line(Link(UP, DOWN), *ENDS, name="l", metered=True, captured=True).graph()
    assert {name for name, app in graph.apps.items() if app == Meter()} == {
        "l/up:sent",
        "l/up:received",
        "l/down:sent",
        "l/down:received",
    }
    assert [link for link in links(graph) if "up" in link] == [
        "a.eth0 -> l/up:sent.rx",
        "l/up.dropped -> capture.l/up:dropped",
        "l/up.tx -> l/up/tee.rx",
        "l/up/tee.copy -> capture.l/up",
        "l/up/tee.tx -> l/up:received.rx",
        "l/up:received.tx -> b.eth1",
        "l/up:sent.tx -> l/up.rx",
    ]


@pytest.mark.parametrize("ethernet", [True, False])
def test_filters_are_compiled_for_what_the_line_carries(ethernet: bool) -> None:
    graph = Line(Link(UP, DOWN, (DNS,)), *ENDS, name="l", ethernet=ethernet).graph()
    split = graph.apps["l/up/split"]
    assert split == Split((compile_filter("udp port 53", ethernet=ethernet),), ("dns",))


def test_its_impairments_by_name() -> None:
    line = Line(Link(UP, DOWN, (DNS,)), *ENDS, name="l")
    assert line.impairments() == {
        "l/up": UP,
        "l/up/dns": DNS.up,
        "l/down": DOWN,
        "l/down/dns": DNS.down,
    }
    other = Link(DOWN, UP, (DNS,))
    assert line.impairments(other)["l/up"] == DOWN
    assert set(line.impairments()) <= set(line.graph().apps)


def test_packets_pass_meters_and_impairments() -> None:
    ends = (End("source", "none", "tx"), End("sink", "rx", "none"))
    graph = Line(Link(UP, DOWN), *ends, name="l", metered=True).graph()
    one_way = {link for link in graph.links if "none" not in (link.to_port, link.from_port)}
    apps: dict[str, App] = {"source": Source(60, count=3), "sink": Sink(), **graph.apps}
    engine = Engine(virtual=True)
    engine.configure(Topology(apps, frozenset(one_way)))
    engine.advance(1_000_000)
    counted = engine.statistics().apps
    engine.stop()
    assert counted["sink"]["packets"] == 3
    assert counted["l/up:sent"]["foreign"] == counted["l/up:received"]["foreign"] == 3
