"""Flows that share a bottleneck: how much of it each gets, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import App, Join, Sink, Source
from usernet.config.impairment import Impairment, SharedImpairment
from usernet.config.link import Bottleneck, Flow, Link
from usernet.config.load import loads
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.flow_counters import flow_counters
from usernet.net.course import Course
from usernet.net.line import End, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND = 1_000_000_000
RATE = Impairment(rate="8mbit", queue="100packets")
ENDS = (End("in", "rx", "tx"), End("out", "rx", "tx"))


def flow(name: str, size: int, share: str, weight: int = 1) -> Flow:
    return Flow(name, f"len = {size}", share=share, weight=weight)


def run(link: Link, sizes: tuple[int, ...], seconds: int = 2) -> tuple[Engine, Topology]:
    """An engine in which sources of packets of these sizes send 1000 a second each, upwards."""
    sources = {f"source{index}": Source(size, 1000) for index, size in enumerate(sizes)}
    line = Line(link, *ENDS).graph()
    apps: dict[str, App] = {"in": Join(), "out": Sink(), **sources, **line.apps}
    links = {parse_connection(f"{name}.tx -> in.{name}") for name in sources}
    up = {one for one in line.links if "down" not in str(one)}
    graph = Topology(apps, frozenset(links | up))
    engine = Engine(virtual=True)
    engine.configure(graph)
    engine.advance(seconds * SECOND)
    return engine, graph


def test_the_bottleneck_goes_by_weights() -> None:
    shared = Bottleneck("office", up=RATE)
    flows = (flow("one", 1000, "office"), flow("three", 1001, "office", 3))
    engine, _ = run(Link(flows=flows, bottlenecks=(shared,)), (1000, 1001))
    found = flow_counters(engine.statistics(), "up", ("one", "three"))
    engine.stop()
    one, three = found["one"], found["three"]
    assert one.share == three.share == "office"
    # 8 Mbit/s are 1000 packets a second: 250 for one, 750 for three.
    assert 460 <= one.packets_out <= 540
    assert 1450 <= three.packets_out <= 1540
    for each in (one, three):
        left = each.packets_out + sum(each.dropped.values()) + each.queue_packets
        assert each.packets_in - left in {0, 1}  # one may be on the line
        assert set(each.dropped) <= {"queue"}


def test_what_one_leaves_is_the_others() -> None:
    shared = Bottleneck("office", up=RATE)
    flows = (flow("one", 1000, "office"), flow("idle", 1001, "office", 1000))
    engine, _ = run(Link(flows=flows, bottlenecks=(shared,)), (1000,))
    found = flow_counters(engine.statistics(), "up", ("one", "idle"))
    engine.stop()
    assert found["one"].packets_out >= 1990
    assert found["idle"].packets_in == 0


def test_a_flow_may_share_the_links_own_queue() -> None:
    flows = (flow("one", 1000, "link", 4),)
    engine, graph = run(Link(RATE, flows=flows), (1000, 1001))
    found = flow_counters(engine.statistics(), "up", ("one",))
    engine.stop()
    assert graph.apps["up"] == SharedImpairment(RATE, (("one", 4),))
    assert [str(link) for link in graph.links if link.from_app == "up/one"] == [
        "up/one.tx -> up.one"
    ]
    assert (found[""].share, found["one"].share) == ("link", "link")
    assert found["one"].packets_out / found[""].packets_out == pytest.approx(4, rel=0.05)


def test_it_changes_with_the_timeline_at_its_moment() -> None:
    text = """
        bottleneck = [{ name = "office", up = "rate=16mbit queue=1packets" }]
        flow = [{ name = "one", filter = "len = 1000", share = "office" }]
        [[at]]
        time = "1s"
        set = { bottleneck.office.up = { rate = "4mbit" } }
        [[at]]
        time = "2s"
        set = { bottleneck.office.up = { delay = "200ms" } }
    """
    scenario = loads(text)
    engine, _ = run(scenario.link, (1000,), seconds=0)
    line = Line(scenario.link, *ENDS)
    course = Course(scenario, lambda link: up_of(line.impairments(link)))
    course.plan(engine, 10 * SECOND)
    came: list[tuple[int, int]] = []
    for second in (1, 2, 3):
        engine.advance(second * SECOND - 1)
        one = engine.statistics().impairments["up/office"]
        came.append((one.packets_out, one.dropped_total))
    engine.stop()
    # 1000 packets a second of 1000 bytes: all pass at 16 Mbit/s, half at 4 Mbit/s, 0.2 s later.
    assert came == [(1000, 0), (1499, 499), (1899, 999)]


def up_of(apps: Mapping[str, App]) -> dict[str, App]:
    return {name: app for name, app in apps.items() if name.startswith("up")}


def test_its_own_impairments_come_first() -> None:
    shared = Bottleneck("office", up=RATE)
    lossy = Flow("one", "", Impairment(loss="100%"), share="office")
    engine, _ = run(Link(flows=(lossy,), bottlenecks=(shared,)), (1000,), 1)
    found = flow_counters(engine.statistics(), "up", ("one",))["one"]
    drops = engine.drops()
    engine.stop()
    assert found.dropped == {"loss": found.packets_in}
    assert (drops.count, len(drops.latest)) == (found.packets_in, min(1024, found.packets_in))
    last = drops.latest[-1]
    assert (last.cause, last.app, last.flow, last.direction) == ("loss", "up/one", "one", "up")
    assert (last.length, last.protocol, last.source) == (1000, None, None)


def test_weights_change_while_packets_wait() -> None:
    shared = Bottleneck("office", up=RATE)

    def link(weight: int) -> Link:
        flows = (flow("one", 1000, "office"), flow("more", 1001, "office", weight))
        return Link(flows=flows, bottlenecks=(shared,))

    engine, graph = run(link(1), (1000, 1001), 1)
    before = flow_counters(engine.statistics(), "up", ("one", "more"))
    changed = {**graph.apps, **Line(link(9), *ENDS).graph().apps}
    engine.configure(Topology(changed, graph.links))
    engine.advance(3 * SECOND)
    after = flow_counters(engine.statistics(), "up", ("one", "more"))
    engine.stop()
    grown = [after[name].packets_out - before[name].packets_out for name in ("one", "more")]
    assert grown[1] / grown[0] == pytest.approx(9, rel=0.25)
    for each in after.values():
        left = each.packets_out + sum(each.dropped.values()) + each.queue_packets
        assert each.packets_in - left in {0, 1}  # one may be on the line


def test_drops_of_a_shared_queue_say_whose_they_were() -> None:
    shared = Bottleneck("office", up=RATE)
    flows = (flow("one", 1000, "office"), flow("two", 1001, "office"))
    engine, _ = run(Link(flows=flows, bottlenecks=(shared,)), (1000, 1001))
    drops = engine.drops()
    later = engine.drops(drops.count - 3)
    engine.stop()
    assert {(one.app, one.flow, one.length) for one in drops.latest} == {
        ("up/office", "one", 1000),
        ("up/office", "two", 1001),
    }
    assert later.latest == drops.latest[-3:]


def test_a_flow_may_have_any_name() -> None:
    flows = (flow("a.b/c:%2E", 1000, "v1.2"),)
    engine, _ = run(Link(flows=flows, bottlenecks=(Bottleneck("v1.2", up=RATE),)), (1000,), 1)
    found = flow_counters(engine.statistics(), "up", ("a.b/c:%2E",))
    engine.stop()
    assert found["a.b/c:%2E"].packets_out > 900
    assert found["a.b/c:%2E"].share == "v1.2"
