"""Playback: a scenario that is paused, sought and changed as it plays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config import timeline
from usernet.config.load import loads
from usernet.errors import ConfigError
from usernet.net.playback import AHEAD_NS, Playback

if TYPE_CHECKING:
    from usernet.config.scenario import Scenario

SECOND = 1_000_000_000

STORM = """
    up = "rate=1mbit"
    down = "rate=8mbit delay=10ms"
    [[flow]]
    name = "dns"
    filter = "udp port 53"
    down = "delay=1s"
    [[at]]
    time = "10s"
    set = { down = { rate = "2mbit" }, flow.dns.down = { delay = "2s" } }
    [[at]]
    time = "20s"
    ramp = { down = { rate = "4mbit" } }
    over = "10s"
    [[at]]
    time = "40s"
    outage = "2s"
"""


def storm(text: str = STORM) -> Scenario:
    return loads(text)


def at(playback: Playback, seconds: float) -> Playback:
    """The playback when the engine's clock shows this."""
    list(playback.pass_to(int(seconds * SECOND)))
    return playback


def playing() -> Playback:
    playback = Playback(storm())
    playback.play(0)
    return playback


def test_it_follows_its_timeline() -> None:
    playback = playing()
    assert at(playback, 9).link.down.rate == 8_000_000
    assert at(playback, 10).link.down.rate == 2_000_000
    assert at(playback, 25).link.down.rate == 3_000_000
    assert at(playback, 41).link.down.down
    assert not at(playback, 42).link.down.down
    assert playback.position(43 * SECOND) == 43 * SECOND


def test_what_comes_is_told_once_and_some_seconds_ahead() -> None:
    playback = playing()
    assert [moment for moment, _ in playback.coming(10 * SECOND - AHEAD_NS)] == [10 * SECOND]
    assert not list(playback.coming(10 * SECOND - AHEAD_NS))
    playback.take_back()
    assert [moment for moment, _ in playback.coming(10 * SECOND - AHEAD_NS)] == [10 * SECOND]


def test_while_it_is_paused_nothing_comes() -> None:
    playback = at(playing(), 15)
    playback.pause(15 * SECOND)
    assert playback.position(99 * SECOND) == 15 * SECOND
    assert not list(playback.coming(99 * SECOND))
    assert at(playback, 99).link.down.rate == 2_000_000
    playback.play(100 * SECOND)
    assert playback.position(101 * SECOND) == 16 * SECOND
    assert at(playback, 110).link.down.rate == 3_000_000


def test_it_goes_forward_and_back() -> None:
    playback = at(playing(), 1)
    late = playback.sought(41 * SECOND, 2 * SECOND)
    assert late.link.down.down
    assert late.position(3 * SECOND) == 42 * SECOND
    early = late.sought(0, 3 * SECOND)
    assert early.link == storm().link
    assert playback.link == storm().link


def test_a_change_holds_until_the_timeline_touches_it() -> None:
    playback = at(playing(), 5)
    changed = playback.changed(storm(STORM.replace("8mbit", "5mbit")), (), 5 * SECOND)
    assert changed.link.down.rate == 5_000_000
    assert at(changed, 12).link.down.rate == 2_000_000


def test_what_the_timeline_set_stays_under_other_changes() -> None:
    playback = at(playing(), 12)
    changed = playback.changed(storm(STORM.replace("delay=10ms", "delay=30ms")), (), 12 * SECOND)
    assert (changed.link.down.rate, changed.link.down.delay) == (2_000_000, 30_000_000)
    assert changed.link.flow("dns").down.delay == 2 * SECOND


def test_what_is_touched_holds_even_where_it_is_what_it_was_at_the_start() -> None:
    playback = at(playing(), 12)
    touched = {(None, "down", "rate"), ("dns", "down", "delay")}
    changed = playback.changed(storm(), touched, 12 * SECOND)
    assert changed.link.down.rate == 8_000_000
    assert changed.link.flow("dns").down.delay == 1 * SECOND


def test_a_change_ends_a_ramp_of_its_value() -> None:
    playback = at(playing(), 22)
    changed = playback.changed(storm(), {(None, "down", "rate")}, 22 * SECOND)
    assert at(changed, 29).link.down.rate == 8_000_000


def test_flows_come_go_and_change_places() -> None:
    other = '[[flow]]\nname = "web"\nfilter = "tcp port 80"\n'
    playback = at(playing(), 12)
    changed = playback.changed(storm(STORM.replace("[[flow]]", f"{other}[[flow]]", 1)), (), 0)
    assert [flow.name for flow in changed.link.flows] == ["web", "dns"]
    assert changed.link.flow("dns").down.delay == 2 * SECOND
    refiltered = playback.changed(storm(STORM.replace("udp port 53", "port 53")), (), 0)
    assert refiltered.link.flow("dns").filter == "port 53"
    assert refiltered.link.flow("dns").down.delay == 2 * SECOND


OFFICE = """
    [[flow]]
    name = "web"
    filter = "tcp port 80"
    share = "office"
    [[bottleneck]]
    name = "office"
    up = "rate=8mbit"
    [[at]]
    time = "10s"
    set = { bottleneck.office = { rtt = "20ms", up = { rate = "2mbit" } } }
    [[at]]
    time = "20s"
    ramp = { bottleneck.office.up = { rate = "4mbit" } }
    over = "10s"
"""


def office(playback: Playback) -> tuple[int | None, int, int]:
    part = playback.link.part("office")
    return part.up.rate, part.up.delay, part.down.delay


def test_what_flows_share_follows_the_timeline_and_changes() -> None:
    playback = Playback(storm(OFFICE))
    playback.play(0)
    assert office(at(playback, 9)) == (8_000_000, 0, 0)
    assert office(at(playback, 12)) == (2_000_000, 10_000_000, 10_000_000)
    changed = playback.changed(storm(OFFICE.replace("port 80", "port 8080")), (), 12 * SECOND)
    assert office(changed) == (2_000_000, 10_000_000, 10_000_000)
    touched = {("office", "up", "rate")}
    assert office(playback.changed(storm(OFFICE), touched, 12 * SECOND))[0] == 8_000_000
    faster = playback.changed(storm(OFFICE.replace("8mbit", "6mbit")), (), 12 * SECOND)
    assert office(faster) == (6_000_000, 10_000_000, 10_000_000)
    assert office(at(faster, 25))[0] == 5_000_000
    assert office(playback.sought(25 * SECOND, 12 * SECOND))[0] == 3_000_000
    assert office(playback.sought(0, 12 * SECOND)) == (8_000_000, 0, 0)
    ended = at(playback, 25).changed(storm(OFFICE), touched, 25 * SECOND)
    assert office(at(ended, 29))[0] == 8_000_000


def test_a_bottleneck_in_the_place_of_a_flow_has_nothing_of_it() -> None:
    playback = at(playing(), 25)
    plain = "".join(STORM.partition("[[flow]]")[:1])
    flow = playback.changed(storm(f"{plain}[[flow]]\nname = 'dns'\nfilter = 'udp'"), (), 0)
    shared = flow.changed(storm(f"{plain}[[bottleneck]]\nname = 'dns'\nup = 'delay=3ms'"), (), 0)
    assert not shared.link.flows
    assert shared.link.part("dns").up.delay == 3_000_000


def test_a_changed_timeline_is_as_if_it_had_always_been_so() -> None:
    playback = at(playing(), 12)
    changed = playback.changed(storm(STORM.replace("2mbit", "3mbit")), (), 12 * SECOND)
    assert changed.link.down.rate == 3_000_000


RATE_GOES = 'down = "rate=1mbit"\n[[at]]\ntime = "5s"\nset = { down = { rate = "none" } }'


def with_queue(scenario: Scenario) -> Scenario:
    down = scenario.link.down.replace(queue="9ms")
    return replace(scenario, link=replace(scenario.link, down=down))


def test_what_contradicts_the_present_is_refused_and_changes_nothing() -> None:
    playback = Playback(storm(RATE_GOES))
    playback.play(0)
    at(playback, 6)
    with pytest.raises(ConfigError, match=r"^down.queue: a queue that never fills"):
        playback.changed(with_queue(storm(RATE_GOES)), (), 6 * SECOND)
    assert playback.link.down.queue is None


def test_a_step_that_became_impossible_is_left_out_and_told() -> None:
    playback = Playback(storm(RATE_GOES))
    playback.play(0)
    queued = with_queue(storm(RATE_GOES))
    changed = playback.changed(queued, (), SECOND)
    assert at(changed, 6).link.down == queued.link.down
    assert changed.problem is not None
    assert changed.problem.path == "at[0].set.down.queue"


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_wherever_it_is_sought_it_is_what_the_scenario_says(places: list[int]) -> None:
    playback = playing()
    for place in places:
        playback = playback.sought(place * SECOND, 0)
        *_, (_, link) = timeline.steps(storm(), place * SECOND)
        assert playback.link == link
