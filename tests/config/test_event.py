"""Entries of a timeline: what they hold, and what they refuse."""

from __future__ import annotations

import pytest

from usernet.config.event import Changes, Event, Outage, Ramp, Set
from usernet.config.fields import Patch
from usernet.config.link import Sides
from usernet.errors import ConfigError

SECOND = 1_000_000_000
DOWN_1M = Sides(down=Patch((("rate", 1_000_000),)))


def test_set_and_ramp() -> None:
    table = {"down": {"rate": "1mbit"}, "flow": {"dns": {"down": {"rate": "1mbit"}}}}
    changes = Changes(DOWN_1M, (("dns", DOWN_1M),))
    assert Event.of({"time": "10s", "set": table}) == Event(10 * SECOND, Set(changes))
    ramp = Event.of({"time": "0", "ramp": table, "over": "2s", "repeat": "15s"})
    assert ramp == Event(0, Ramp(changes, 2 * SECOND), 15 * SECOND)
    assert ramp.lasts_ns == 2 * SECOND


def test_what_flows_share_is_changed_by_its_name() -> None:
    event = Event.of({"time": "1s", "set": {"bottleneck": {"office": {"down": "rate=1mbit"}}}})
    changes = Changes(bottlenecks=(("office", DOWN_1M),))
    assert event.action == Set(changes)
    assert changes.sides() == ((None, Sides()), ("office", DOWN_1M))
    assert changes.parts() == (("bottleneck", "office", DOWN_1M),)


@pytest.mark.parametrize(
    ("direction", "up", "down"),
    [({}, True, True), ({"direction": "up"}, True, False), ({"direction": "down"}, False, True)],
)
def test_outages(direction: dict[str, str], up: bool, down: bool) -> None:
    event = Event.of({"time": "1s", "outage": "2s", **direction})
    assert event == Event(SECOND, Outage(2 * SECOND, up, down))
    assert event.lasts_ns == 2 * SECOND


def test_a_set_lasts_no_time() -> None:
    assert Event.of({"time": "1s", "set": {"both": {"down": True}}}).lasts_ns == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("x", 'at[0] = "x": a table is expected'),
        ({"time": "1s"}, "at[0]: none of the things that can happen: one of set, ramp, outage"),
        ({"time": "1s", "set": {}, "outage": "1s"}, "set and outage of the things"),
        ({"set": {}}, "at[0].time: is missing"),
        ({"time": 10, "set": {}}, "at[0].time = 10: a duration needs a unit"),
        ({"time": "1s", "sett": {}}, "at[0].sett: unknown key 'sett': did you mean set"),
        ({"time": "1s", "set": {}, "over": "1s"}, "at[0].over: over without ramp"),
        ({"time": "1s", "set": {}, "direction": "up"}, "direction without outage"),
        ({"time": "1s", "outage": "0s"}, 'at[0].outage = "0s": a time of 0'),
        ({"time": "1s", "outage": "1s", "direction": "upp"}, "did you mean up"),
        ({"time": "1s", "outage": "2s", "repeat": "2s"}, "at[0].repeat: never back"),
        ({"time": "1s", "set": {}, "repeat": "1us"}, "at[0].repeat: too often: 1ms or more"),
        ({"time": "1s", "ramp": {}}, "at[0].over: is missing"),
        ({"time": "1s", "set": {"dwn": {}}}, "at[0].set.dwn: unknown key"),
        ({"time": "1s", "set": {"down": {"rate": "1"}}}, "at[0].set.down.rate = "),
        ({"time": "1s", "set": {"flow": {"a": {"up": {"x": 1}}}}}, "at[0].set.flow.a.up.x: "),
        ({"time": "1s", "set": {"flow": {"a": 1}}}, "at[0].set.flow.a = 1: a table"),
        (
            {"time": "1s", "ramp": {"down": {"rate": "none"}}, "over": "1s"},
            "at[0].ramp.down.rate: a ramp needs a number",
        ),
        (
            {"time": "1s", "ramp": {"up": {"loss": "burst 1% 5"}}, "over": "1s"},
            "at[0].ramp.up.loss: a ramp needs a number",
        ),
        (
            {"time": "1s", "ramp": {"flow": {"a": {"up": {"queue": "5p"}}}}, "over": "1s"},
            "at[0].ramp.flow.a.up.queue: a ramp needs a number",
        ),
        ({"time": "1s", "set": {"bottleneck": {"a": {"w": 1}}}}, "at[0].set.bottleneck.a.w: "),
        (
            {"time": "1s", "ramp": {"bottleneck": {"a": {"up": {"queue": "5p"}}}}, "over": "1s"},
            "at[0].ramp.bottleneck.a.up.queue: a ramp needs a number",
        ),
    ],
)
def test_refusals(table: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Event.of(table, "at[0]")
    assert message in str(caught.value)
