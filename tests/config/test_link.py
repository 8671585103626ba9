"""Links: who wins where both and one direction speak, round trips, flows, cuts."""

from __future__ import annotations

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Bottleneck, Flow, Link, Sides, check_names
from usernet.errors import ConfigError


def test_precedence() -> None:
    profile = Link(
        up=Impairment(delay="1ms", loss="1%", rate="1mbit"),
        down=Impairment(delay="1ms", loss="1%", rate="1mbit"),
    )
    link = Link.of(profile=profile, both="loss=2% delay=2ms", up="loss=3%", down={"rate": "9mbit"})
    assert link.up == Impairment(delay="2ms", loss="3%", rate="1mbit")
    assert link.down == Impairment(delay="2ms", loss="2%", rate="9mbit")


def test_a_direction_may_be_an_impairment() -> None:
    link = Link.of(both="delay=5ms", up=Impairment(loss="1%"), down=Impairment())
    assert link.up == Impairment(delay="5ms", loss="1%")
    assert link.down == Impairment(delay="5ms")


def test_nothing_is_no_impairment() -> None:
    assert Link.of() == Link(Impairment(), Impairment(), ())


@pytest.mark.parametrize(
    "link",
    [
        Link.of(rtt="81ns"),
        Link.of(both="rtt=81ns"),
        Link.of(both={"rtt": "81ns"}),
    ],
)
def test_round_trips_are_halved(link: Link) -> None:
    assert (link.up.delay, link.down.delay) == (41, 40)


def test_a_direction_has_the_last_word_on_its_delay() -> None:
    link = Link.of(rtt="80ms", up="delay=5ms")
    assert (link.up.delay, link.down.delay) == (5_000_000, 40_000_000)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rtt": "80"}, 'rtt = "80": a duration needs a unit'),
        ({"rtt": "80ms", "both": "rtt=9ms"}, 'rtt = "80ms": given twice: here or in both'),
        ({"rtt": "80ms", "both": "delay=9ms"}, 'rtt = "80ms": an rtt and a delay: one of them'),
        ({"both": "rtt=x"}, 'both.rtt = "x": not a duration'),
        ({"up": "rtt=9ms"}, "up.rtt: unknown key 'rtt'"),
        ({"upp": "loss=1%"}, "upp: unknown key 'upp': did you mean up?"),
        ({"up": 5}, "up = 5: a table is expected"),
        ({"up": "loss"}, 'up = "loss": not an item'),
        ({"down": {"loss": "1"}}, 'down.loss.probability = "1": a probability needs its unit'),
    ],
)
def test_refusals(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sides.of(table)
    assert message in str(caught.value)


def test_one_call_says_it_for_both_and_for_each() -> None:
    sides = Sides.of_keys(
        {"loss": "1%", "rate": "1mbit", "both": "loss=9% jitter=1ms", "down": "rate=2mbit"}
    )
    link = Link().patched(sides)
    assert link.up == Impairment(loss="1%", rate="1mbit", jitter="1ms")
    assert link.down == Impairment(loss="1%", rate="2mbit", jitter="1ms")


def test_none_is_nothing_for_a_side_and_the_default_for_an_effect() -> None:
    sides = Sides.of_keys({"up": None, "both": None, "rtt": None, "loss": None})
    link = Link(Impairment(loss="1%", delay="1ms"), Impairment(loss="1%"))
    assert link.patched(sides) == Link(Impairment(delay="1ms"), Impairment())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"loos": "1%"}, "l.loos: unknown key 'loos': did you mean loss?"),
        ({"mtu": "1280b"}, "l.mtu: unknown key 'mtu'"),
        ({"loss": "1"}, 'l.loss.probability = "1": a probability needs its unit'),
        ({"rtt": "80ms", "delay": "1ms"}, 'l.rtt = "80ms": an rtt and a delay: one of them'),
        ({"up": "loos=1%"}, "l.up.loos: unknown key 'loos'"),
    ],
)
def test_one_call_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sides.of_keys(keys, "l")
    assert message in str(caught.value)


def test_later_sides_lie_over_earlier_ones() -> None:
    earlier = Sides.of({"both": "loss=1% delay=1ms"})
    later = Sides.of({"up": "loss=2%"})
    assert Link().patched(later.over(earlier)) == Link(
        Impairment(loss="2%", delay="1ms"), Impairment(loss="1%", delay="1ms")
    )


def test_flows() -> None:
    flow = Flow.of({"name": "dns", "filter": "udp port 53", "rtt": "2ms", "down": "loss=1%"})
    assert flow == Flow(
        "dns", "udp port 53", Impairment(delay="1ms"), Impairment(delay="1ms", loss="1%")
    )
    link = Link(flows=(flow, Flow("web", "tcp")))
    assert link.flow("web").filter == "tcp"
    changed = link.with_part(Flow("web", "udp"))
    assert [flow.filter for flow in changed.flows] == ["udp port 53", "udp"]


def test_flows_and_bottlenecks_are_found_by_name() -> None:
    office, home = Bottleneck("office"), Bottleneck("home", up=Impairment(rate="2mbit"))
    link = Link(flows=(Flow("web", "tcp"),), bottlenecks=(office, home))
    assert link.parts == (Flow("web", "tcp"), office, home)
    assert link.part("home") is home
    assert link.part("web") is link.flows[0]
    slow = Bottleneck("office", down=Impairment(rate="1mbit"))
    assert link.with_part(slow) == Link(flows=link.flows, bottlenecks=(slow, home))
    with pytest.raises(KeyError):
        link.part("offices")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"filter": "udp"}, "flow[0].name: is missing"),
        ({"name": "a"}, "flow[0].filter: is missing"),
        ({"name": "a", "filter": " "}, 'flow[0].filter = " ": text is expected'),
        ({"name": 5, "filter": "udp"}, "flow[0].name = 5: text is expected"),
        ({"name": "a", "filter": "udp", "dwn": {}}, "did you mean down?"),
        ({"name": "a", "filter": "udp", "up": {"queue": "5p"}}, "flow[0].up.queue: a queue that"),
        ("dns", 'flow[0] = "dns": a table is expected'),
    ],
)
def test_flow_refusals(table: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Flow.of(table, "flow[0]")
    assert message in str(caught.value)


def test_a_cut_is_of_flows_too_and_leaves_the_rest() -> None:
    link = Link(Impairment(loss="1%"), Impairment(down=True), (Flow("a", "udp"),))
    cut = link.cut(up=True, down=False)
    assert cut.up == Impairment(loss="1%", down=True)
    assert cut.down == link.down
    assert (cut.flows[0].up.down, cut.flows[0].down.down) == (True, False)


def test_flows_share_bottlenecks() -> None:
    flow = Flow.of(
        {"name": "v", "filter": "udp", "share": "office", "weight": 3, "process": "zoom"}
    )
    assert (flow.share, flow.weight, flow.process) == ("office", 3, "zoom")
    assert Flow.of({"name": "p", "process": "curl"}).filter == ""
    office = Bottleneck.of({"name": "office", "down": "rate=5mbit"})
    assert office == Bottleneck("office", down=Impairment(rate="5mbit"))
    check_names(Link(flows=(flow,), bottlenecks=(office,)))
    check_names(Link(flows=(Flow("v", "", share="link"),)))


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (Link(flows=(Flow("a", "", share="x"),)), "flow[0].share: unknown bottleneck 'x'"),
        (
            Link(flows=tuple(Flow(f"f{number}", "udp") for number in range(1025))),
            'flow = "1025": too many flows: up to 1024',
        ),
        (Link(flows=(Flow("a", ""), Flow("a", ""))), 'flow[1].name = "a": two flows of one name'),
        (
            Link(flows=(Flow("a", ""),), bottlenecks=(Bottleneck("a"),)),
            'bottleneck[0].name = "a": a name that is taken',
        ),
    ],
)
def test_names_that_do_not_fit(link: Link, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_names(link)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "a b", "filter": "udp"}, 'f.name = "a b": no name'),
        ({"name": "rest", "filter": "udp"}, 'f.name = "rest": no name'),
        ({"name": "..", "filter": "udp"}, 'f.name = "..": no name'),
        ({"name": "a\u202eb", "filter": "udp"}, ": no name"),
        ({"name": "a\x9bb", "filter": "udp"}, ": no name"),
        ({"name": "a", "filter": "udp", "weight": 2}, "f.weight: a weight without a share"),
        ({"name": "a", "filter": "udp", "share": "o", "weight": 0}, "f.weight"),
        ({"name": "a", "filter": "udp", "share": "o", "weight": 1001}, "f.weight"),
    ],
)
def test_flows_that_cannot_be(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Flow.of(table, "f")
    assert message in str(caught.value)
