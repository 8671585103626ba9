"""Scenarios: what a file's tables mean together, with and without a profile."""

from __future__ import annotations

import pytest

from usernet.config.event import Event, Outage
from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError

CUT = {"time": "1s", "outage": "2s"}


def profile(name: str) -> Scenario:
    """A profile with everything."""
    assert name == "lte"
    table = {
        "seed": 3,
        "duration": "9s",
        "both": {"loss": "1%", "rate": "5mbit"},
        "flow": [{"name": "dns", "filter": "udp"}],
        "at": [CUT],
    }
    return Scenario.of(table)


def test_a_file_of_its_own() -> None:
    scenario = Scenario.of(
        {
            "seed": 7,
            "description": "d",
            "source": "s",
            "duration": "60s",
            "rtt": "80ms",
            "up": {"rate": "1mbit"},
            "at": [CUT],
        }
    )
    assert scenario == Scenario(
        link=Link(Impairment(delay="40ms", rate="1mbit"), Impairment(delay="40ms")),
        timeline=(Event(1_000_000_000, Outage(2_000_000_000)),),
        seed=7,
        duration_ns=60_000_000_000,
        description="d",
        source="s",
    )


def test_an_empty_file_is_a_scenario() -> None:
    assert Scenario.of({}) == Scenario()


def test_a_profile_is_the_base() -> None:
    table = {
        "profile": "lte",
        "down": {"rate": "9mbit"},
        "flow": [{"name": "web", "filter": "tcp"}],
        "at": [{"time": "5s", "outage": "1s"}],
    }
    scenario = Scenario.of(table, profile)
    assert scenario.link.up == Impairment(loss="1%", rate="5mbit")
    assert scenario.link.down == Impairment(loss="1%", rate="9mbit")
    assert scenario.link.flows == (Flow("web", "tcp"), Flow("dns", "udp"))
    assert [event.time_ns for event in scenario.timeline] == [1_000_000_000, 5_000_000_000]
    assert [event.place for event in scenario.timeline] == ["profile.at[0]", "at[0]"]
    assert (scenario.seed, scenario.duration_ns, scenario.profile) == (3, 9_000_000_000, "lte")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"sed": 1}, "sed: unknown key 'sed': did you mean seed"),
        ({"seed": -1}, "seed = -1: not a whole number in range: 0 or more"),
        ({"seed": 1.5}, "seed = 1.5: not a whole number"),
        ({"duration": 60}, "duration = 60: a duration needs a unit"),
        ({"description": 5}, "description = 5: text is expected"),
        ({"profile": 5}, "profile = 5: text is expected"),
        ({"flow": {}}, "flow: an array of tables is expected: [[flow]]"),
        ({"flow": [{"name": "a"}]}, "flow[0].filter: is missing"),
        (
            {"flow": [{"name": "a", "filter": "udp"}, {"name": "a", "filter": "tcp"}]},
            'flow[1].name = "a": two flows of one name',
        ),
        ({"at": [CUT, {}]}, "at[1]: none of the things"),
        (
            {"at": [{"time": "1s", "set": {"flow": {"a": {}}}}]},
            "at[0].set.flow.a: unknown flow 'a'",
        ),
        (
            {"at": [{"time": "1s", "ramp": {"flow": {"a": {}}}, "over": "1s"}]},
            "at[0].ramp.flow.a: unknown flow 'a'",
        ),
    ],
)
def test_refusals(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Scenario.of(table, profile)
    assert message in str(caught.value)


def test_no_profiles_here() -> None:
    with pytest.raises(ConfigError, match='profile = "lte": there are no profiles here'):
        Scenario.of({"profile": "lte"})
