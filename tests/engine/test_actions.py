"""Actions: what makes one topology of another, proved on the topologies and on the engine."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usernet.config.apps import App, Join, Sink, Source, Tee
from usernet.config.impairment import Impairment
from usernet.config.topology import Connection, Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.actions import (
    Action,
    Link,
    Reconfigure,
    Start,
    Stop,
    Unlink,
    apply,
    diff,
    to_core,
)

NAMES = ("a", "b", "c", "d", "e/f")
APPS: tuple[App, ...] = (
    Source(size=60, count=3),
    Source(size=1500, packets_per_second=1e6),
    Sink(),
    Tee(),
    Join(),
    Impairment(),
    Impairment(delay="1ms", loss="10%"),
    Impairment(delay="1ms", compat="netem"),
)
# Ports that each kind has; any name will do where the engine takes any.
OUTPUTS = {Source: ("tx", "2"), Tee: ("tx", "2"), Join: ("tx",), Impairment: ("tx", "dropped")}
INPUTS = {Sink: ("rx", "2"), Tee: ("rx", "2"), Join: ("rx", "2"), Impairment: ("rx",)}


def ends(apps: dict[str, App], ports: dict[type, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Every port of that direction, in an order that follows from the apps."""
    return [(name, port) for name, app in apps.items() for port in ports.get(type(app), ())]


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Graphs that the engine accepts: each link joins two ports that exist, each port has one."""
    apps = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(APPS)))
    outputs = draw(st.permutations(ends(apps, OUTPUTS)))
    inputs = draw(st.permutations(ends(apps, INPUTS)))
    joined = list(zip(outputs, inputs, strict=False))
    kept = draw(st.integers(0, len(joined)))
    links = frozenset(Connection(*before, *after) for before, after in joined[:kept])
    return Topology(MappingProxyType(apps), links)


def named(actions: tuple[Action, ...]) -> list[str | Connection]:
    """What each action is about."""
    return [one.link if isinstance(one, Link | Unlink) else one.name for one in actions]


@settings(max_examples=60)
@given(topologies(), topologies())
def test_the_difference_leads_from_one_to_the_other(old: Topology, new: Topology) -> None:
    assert apply(old, diff(old, new)) == new


@settings(max_examples=60)
@given(topologies())
def test_nothing_differs_from_itself(topology: Topology) -> None:
    assert diff(topology, topology) == ()


@settings(max_examples=60)
@given(topologies(), topologies())
def test_what_is_in_both_and_equal_is_not_named(old: Topology, new: Topology) -> None:
    equal_apps = {name for name, app in new.apps.items() if old.apps.get(name) == app}
    assert set(named(diff(old, new))).isdisjoint(equal_apps | (old.links & new.links))


@settings(max_examples=60)
@given(topologies(), topologies())
def test_an_app_that_can_keep_its_state_is_never_stopped(old: Topology, new: Topology) -> None:
    both = [name for name in new.apps if name in old.apps]
    keeping = {name for name in both if old.apps[name].keeps_state(new.apps[name])}
    actions = diff(old, new)
    stopped = {one.name for one in actions if isinstance(one, Stop | Start)}
    reconfigured = {one.name for one in actions if isinstance(one, Reconfigure)}
    assert stopped.isdisjoint(keeping)
    assert reconfigured <= keeping


@settings(max_examples=60)
@given(st.lists(topologies(), max_size=4))
def test_the_engine_accepts_the_actions_in_their_order(course: list[Topology]) -> None:
    engine = Engine(virtual=True)
    for number, topology in enumerate(course, 1):
        assert engine.configure(topology) == number
        statistics = engine.statistics()
        assert set(statistics.apps) == set(topology.apps)
        assert set(statistics.links) == {str(link) for link in topology.links}
    engine.stop()


def test_each_kind_of_action_in_the_order_in_which_it_is_done() -> None:
    a_to_b, b_to_c = parse_connection("a.tx -> b.rx"), parse_connection("b.tx -> c.rx")
    a_to_c = parse_connection("a.tx -> c.rx")
    slow, fast = Impairment(delay="1s"), Impairment(delay="1ms")
    old = Topology(
        {"a": Source(size=60), "b": slow, "c": Sink(), "gone": Tee()}, frozenset({a_to_b, b_to_c})
    )
    new = Topology(
        {"a": Source(size=60), "b": fast, "c": Join(), "new": Sink()}, frozenset({a_to_c})
    )
    assert diff(old, new) == (
        Unlink(a_to_b),
        Unlink(b_to_c),
        Stop("gone"),
        Stop("c"),
        Start("c", Join()),
        Start("new", Sink()),
        Reconfigure("b", fast),
        Link(a_to_c),
    )


def test_apps_start_in_the_order_of_the_topology() -> None:
    apps: dict[str, App] = {"z": Sink(), "a": Tee(), "m": Sink()}
    assert named(diff(Topology(), Topology(apps))) == ["z", "a", "m"]


def test_actions_as_the_core_reads_them() -> None:
    link, sink = parse_connection("a.tx -> b.rx"), Sink()
    actions = (Unlink(link), Stop("a"), Start("a", sink), Reconfigure("a", sink), Link(link))
    assert to_core(actions) == [
        {"do": "unlink", "link": "a.tx -> b.rx"},
        {"do": "stop", "name": "a"},
        {"do": "start", "name": "a", "app": {"app": "sink"}},
        {"do": "reconfigure", "name": "a", "app": {"app": "sink"}},
        {"do": "link", "link": "a.tx -> b.rx"},
    ]


def test_actions_that_do_not_fit_the_topology_are_not_applied() -> None:
    link = parse_connection("a.tx -> b.rx")
    with pytest.raises(KeyError):
        apply(Topology(), [Unlink(link)])
    with pytest.raises(KeyError):
        apply(Topology(), [Stop("a")])
