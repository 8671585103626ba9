"""The timeline: order, ramps, outages, repeats, and what they make of each other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config import timeline
from usernet.config.impairment import Impairment
from usernet.config.link import Bottleneck, Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MS = 1_000_000
SECOND = 1_000 * MS


def scenario(*events: Mapping[str, object], **tables: object) -> Scenario:
    return Scenario.of({"at": list(events), "down": {"rate": "10mbit"}, **tables})


def rates(plan: Scenario, until: int | None = 100 * SECOND) -> list[tuple[int, int | None]]:
    """Time in milliseconds and rate downwards."""
    return [(time // MS, link.down.rate) for time, link in timeline.steps(plan, until)]


def cuts(plan: Scenario, until: int) -> list[tuple[int, bool, bool]]:
    """Time in milliseconds, and whether up and down are cut."""
    steps = timeline.steps(plan, until)
    return [(time // MS, link.up.down, link.down.down) for time, link in steps]


def set_rate(time: str, rate: str, **more: object) -> dict[str, object]:
    return {"time": time, "set": {"down": {"rate": rate}}, **more}


def ramp_rate(time: str, rate: str, over: str, **more: object) -> dict[str, object]:
    return {"time": time, "ramp": {"down": {"rate": rate}}, "over": over, **more}


def test_without_events_there_is_one_state() -> None:
    plan = scenario()
    assert list(timeline.steps(plan)) == [(0, plan.link)]


def test_sets_in_order_whatever_the_order_of_the_file() -> None:
    plan = scenario(set_rate("2s", "2mbit"), set_rate("1s", "1mbit"), set_rate("3s", "3mbit"))
    assert rates(plan, 2 * SECOND) == [(0, 10**7), (1000, 10**6), (2000, 2 * 10**6)]


def test_at_one_time_the_file_has_the_order_and_there_is_one_state() -> None:
    plan = scenario(set_rate("0", "2mbit"), set_rate("0s", "1mbit"))
    assert rates(plan) == [(0, 10**6)]


def test_a_set_leaves_the_rest() -> None:
    plan = scenario({"time": "1s", "set": {"both": {"loss": "1%"}}})
    assert list(timeline.steps(plan))[1] == (
        SECOND,
        Link(Impairment(loss="1%"), Impairment(rate="10mbit", loss="1%")),
    )


def test_keys_that_need_each_other_come_together() -> None:
    plan = scenario({"time": "1s", "set": {"down": {"rate": "none", "trace": [1, 2]}}})
    assert list(timeline.steps(plan))[1][1].down == Impairment(trace=[1, 2])


def test_a_ramp_has_steps_of_100_ms_on_a_straight_line_and_ends_exactly() -> None:
    plan = scenario(ramp_rate("1s", "1mbit", "350ms"))
    step = 9_000_000 / 3.5
    expected = [round(10_000_000 - step * count) for count in (1, 2, 3)]
    found = rates(plan)
    assert [time for time, _ in found] == [0, 1000, 1100, 1200, 1300, 1350]
    assert [rate for _, rate in found[:2]] == [10**7, 10**7]
    assert found[-1][1] == 10**6
    for (_, rate), right in zip(found[2:5], expected, strict=True):
        assert rate is not None
        assert abs(rate - right) <= 1


def test_ramps_of_probabilities_start_from_nothing_and_end_there() -> None:
    chances = {"loss": "2%", "duplicate": "4% 50%", "jitter_correlation": "50%"}
    up = {"time": "0", "ramp": {"up": chances}, "over": "200ms"}
    none = {"loss": "none", "duplicate": "0%", "jitter_correlation": "0%"}
    down = {"time": "1s", "ramp": {"up": none}, "over": "200ms"}
    links = [link.up for _, link in timeline.steps(scenario(up, down))]
    half = Impairment(loss="1%", duplicate="2% 25%", jitter_correlation="25%")
    full = Impairment(**chances)
    assert links == [Impairment(), half, full, full, half, Impairment()]


def test_a_ramp_between_nothing_and_nothing() -> None:
    plan = scenario({"time": "0", "ramp": {"up": {"loss": "0%"}}, "over": "200ms"})
    assert {link.up for _, link in timeline.steps(plan)} == {Impairment()}


def test_a_set_ends_a_ramp_of_the_same_value_only() -> None:
    both = {"down": {"rate": "1mbit", "delay": "400ms"}}
    plan = scenario(
        {"time": "0", "ramp": both, "over": "400ms"},
        set_rate("150ms", "5mbit"),
    )
    states = [(t // MS, k.down.rate, k.down.delay // MS) for t, k in timeline.steps(plan)]
    assert states == [
        (0, 10**7, 0),
        (100, 7_750_000, 100),
        (150, 5_000_000, 100),
        (200, 5_000_000, 200),
        (300, 5_000_000, 300),
        (400, 5_000_000, 400),
    ]


def test_a_later_ramp_takes_over_from_where_it_is() -> None:
    plan = scenario(ramp_rate("0", "0.1mbit", "1s"), ramp_rate("500ms", "10mbit", "200ms"))
    found = dict(rates(plan))
    assert found[500] == pytest.approx(5_050_000, abs=990_001)
    assert found[700] == 10**7
    assert max(found) == 700


def test_overlapping_outages_end_with_the_last() -> None:
    plan = scenario(
        {"time": "1s", "outage": "2s"},
        {"time": "2s", "outage": "3s", "direction": "up"},
    )
    assert cuts(plan, 9 * SECOND) == [
        (0, False, False),
        (1000, True, True),
        (2000, True, True),
        (3000, True, False),
        (5000, False, False),
    ]


def test_an_outage_hides_no_change_and_leaves_a_cut_that_is_set() -> None:
    plan = scenario(
        {"time": "1s", "outage": "2s"},
        {"time": "2s", "set": {"down": {"rate": "1mbit", "down": True}}},
    )
    last = list(timeline.steps(plan))[-1]
    assert last == (3 * SECOND, Link(Impairment(), Impairment(rate="1mbit", down=True)))


def test_repeats_are_endless_and_lazy() -> None:
    plan = scenario({"time": "1s", "outage": "140ms", "repeat": "15s"})
    times = [time // MS for time, _ in itertools.islice(timeline.steps(plan), 6)]
    assert times == [0, 1000, 1140, 16000, 16140, 31000]


def test_repeated_ramps_may_overlap() -> None:
    plan = scenario(ramp_rate("0", "1mbit", "1s", repeat="250ms"))
    found = [rate or 0 for _, rate in rates(plan, 2 * SECOND)]
    assert len(found) > 8
    assert found == sorted(found, reverse=True)


def test_flows_have_their_own() -> None:
    plan = scenario(
        {"time": "1s", "set": {"flow": {"dns": {"down": {"delay": "3s"}}}}},
        {"time": "2s", "ramp": {"flow": {"dns": {"down": {"delay": "1s"}}}}, "over": "100ms"},
        flow=[{"name": "dns", "filter": "udp port 53"}],
    )
    states = [link for _, link in timeline.steps(plan)]
    assert [link.flow("dns").down.delay for link in states] == [
        0,
        3 * SECOND,
        3 * SECOND,
        SECOND,
    ]
    assert {link.down for link in states} == {Impairment(rate="10mbit")}


def test_what_flows_share_has_its_own() -> None:
    plan = scenario(
        {"time": "1s", "set": {"bottleneck": {"office": {"rtt": "20ms", "up": "rate=1mbit"}}}},
        {"time": "2s", "ramp": {"bottleneck": {"office": {"up": "rate=2mbit"}}}, "over": "200ms"},
        {"time": "3s", "outage": "1s"},
        {"time": "6s", "set": {"bottleneck": {"office": {"up": {"rate": "5mbit"}}}}},
        flow=[{"name": "dns", "filter": "udp port 53", "share": "office"}],
        bottleneck=[{"name": "home"}, {"name": "office", "up": {"rate": "9mbit"}}],
    )
    found = [
        (at, office.up.rate, office.up.delay, office.down.delay, link.flow("dns").up.down)
        for at, link in timeline.steps(plan)
        if isinstance(office := link.part("office"), Bottleneck)
    ]
    ms, delay = SECOND // 1000, 10_000_000
    assert found == [
        (0, 9_000_000, 0, 0, False),
        (1 * SECOND, 1_000_000, delay, delay, False),
        (2 * SECOND, 1_000_000, delay, delay, False),
        (2100 * ms, 1_500_000, delay, delay, False),
        (2200 * ms, 2_000_000, delay, delay, False),
        (3 * SECOND, 2_000_000, delay, delay, True),
        (4 * SECOND, 2_000_000, delay, delay, False),
        (6 * SECOND, 5_000_000, delay, delay, False),
    ]
    assert {link.part("home") for _, link in timeline.steps(plan)} == {Bottleneck("home")}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {"time": "1s", "set": {"down": {"trace": [1]}}},
            "at[0].set.down.trace: a trace and a rate",
        ),
        (
            ramp_rate("1s", "1mbit", "1s") | {"ramp": {"up": {"rate": "1mbit"}}},
            "at[0].ramp.up.rate",
        ),
        (
            {"time": "1s", "ramp": {"flow": {"f": {"up": {"mtu": "99b"}}}}, "over": "1s"},
            "at[0].ramp.flow.f.up.mtu: a ramp needs a number to start from",
        ),
        (
            {"time": "9h", "set": {"flow": {"f": {"up": {"queue": "9p"}}}}, "repeat": "1h"},
            "at[0].set.flow.f.up.queue: a queue that never fills",
        ),
        (
            {"time": "1s", "ramp": {"bottleneck": {"b": {"up": {"rate": "9kbit"}}}}, "over": "1s"},
            "at[0].ramp.bottleneck.b.up.rate: a ramp needs a number to start from",
        ),
        (
            {"time": "1s", "set": {"bottleneck": {"b": {"up": {"queue": "9p"}}}}},
            "at[0].set.bottleneck.b.up.queue: a queue that never fills",
        ),
    ],
)
def test_contradictions_are_found_beforehand(event: dict[str, object], message: str) -> None:
    plan = scenario(event, flow=[{"name": "f", "filter": "udp"}], bottleneck=[{"name": "b"}])
    with pytest.raises(ConfigError) as caught:
        timeline.check(plan)
    assert message in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), [("flow", "b"), ("bottleneck", "f")])
def test_a_flow_is_no_bottleneck(kind: str, name: str) -> None:
    event = {"time": "1s", "set": {kind: {name: {"up": {"delay": "9ms"}}}}}
    with pytest.raises(ConfigError, match=f"unknown {kind} '{name}'") as caught:
        scenario(event, flow=[{"name": "f", "filter": "udp"}], bottleneck=[{"name": "b"}])
    assert caught.value.path == f"at[0].set.{kind}.{name}"


def test_a_check_is_bounded() -> None:
    timeline.check(
        scenario(set_rate("0", "1mbit", repeat="1ms"), set_rate("99999h", "2mbit"), seed=1)
    )


times = st.integers(0, 3000).map(lambda ms: f"{ms}ms")
spans = st.integers(1, 900).map(lambda ms: f"{ms}ms")
bits = st.integers(1, 10**7).map(lambda rate: f"{rate}bit")
repeats: st.SearchStrategy[dict[str, str]] = st.just({}) | st.fixed_dictionaries(
    {"repeat": st.integers(1000, 2000).map(lambda ms: f"{ms}ms")}
)
events = st.one_of(
    st.builds(set_rate, times, bits),
    st.builds(ramp_rate, times, bits, spans),
    st.fixed_dictionaries({"time": times, "outage": spans}),
)
plans = st.lists(st.builds(lambda event, more: {**event, **more}, events, repeats), max_size=6)


@given(plans)
def test_any_plan_is_in_order_the_same_each_time_and_the_same_in_pieces(
    entries: list[dict[str, object]],
) -> None:
    plan = scenario(*entries)
    found = list(timeline.steps(plan, 5 * SECOND))
    assert [time for time, _ in found] == sorted({time for time, _ in found})
    assert found == list(timeline.steps(plan, 5 * SECOND))
    assert list(timeline.steps(plan, 2 * SECOND)) == [s for s in found if s[0] <= 2 * SECOND]
    assert all(link.down.rate for _, link in found)


@given(st.lists(st.fixed_dictionaries({"time": times, "outage": spans}), max_size=6))
def test_cut_is_exactly_while_an_outage_lasts(entries: list[dict[str, str]]) -> None:
    plan = scenario(*entries)
    lasting = [(e.time_ns, e.time_ns + e.lasts_ns) for e in plan.timeline]
    for time, link in timeline.steps(plan):
        assert link.up.down == any(start <= time < end for start, end in lasting)
