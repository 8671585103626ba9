"""Changes: what a scenario does to a line while a run lasts."""

from __future__ import annotations

from usernet.config.impairment import Impairment
from usernet.config.scenario import Scenario
from usernet.report.changes import changes
from usernet.report.timeline import Configured

from .recordings import SECOND

START = 5 * SECOND


def scenario(*entries: dict[str, object], **keys: object) -> Scenario:
    return Scenario.of({"at": list(entries), **keys})


STORM = scenario(
    {"time": "10s", "set": {"up": {"rate": "1mbit"}}},
    {"time": "20s", "outage": "2s"},
    both={"delay": "40ms", "rate": "8mbit"},
)


def test_a_line_that_never_changes() -> None:
    (start,) = changes(scenario(rtt="80ms"), START, 60 * SECOND)
    still = Configured(None, 40_000_000)
    assert (start.time_ns, start.text, start.configured) == (
        START,
        "",
        {"up": still, "down": still},
    )


def test_each_change_says_what_holds_from_then_on() -> None:
    found = changes(STORM, START, START + 60 * SECOND)
    assert [change.time_ns - START for change in found] == [
        0,
        10 * SECOND,
        20 * SECOND,
        22 * SECOND,
    ]
    up, down = Impairment(delay="40ms", rate="1mbit"), Impairment(delay="40ms", rate="8mbit")
    cut = [f"up: {up.replace(down=True)}", f"down: {down.replace(down=True)}"]
    assert [change.text for change in found] == [
        "",
        f"up: {up}",
        "; ".join(cut),
        f"up: {up}; down: {down}",
    ]
    assert [change.configured["up"] for change in found] == [
        Configured(8_000_000, 40_000_000),
        *[Configured(1_000_000, 40_000_000)] * 3,
    ]


def test_what_comes_after_the_end_is_not_told() -> None:
    assert len(changes(STORM, START, START + 10 * SECOND)) == 2
    assert len(changes(STORM, START, START + 10 * SECOND - 1)) == 1


def test_a_line_without_impairments_is_perfect() -> None:
    found = changes(
        scenario({"time": "1s", "set": {"up": {"delay": "none"}}}, up={"delay": "1ms"}),
        0,
        2 * SECOND,
    )
    assert [change.text for change in found] == ["", "up: perfect"]


def test_flows_have_names_of_their_own() -> None:
    found = changes(
        scenario(
            {"time": "1s", "set": {"flow": {"dns": {"down": {"delay": "7ms"}}}}},
            flow=[{"name": "dns", "filter": "udp port 53", "rtt": "2ms"}],
        ),
        0,
        2 * SECOND,
    )
    assert list(found[0].configured) == ["up", "down", "up/dns", "down/dns"]
    assert found[1].text == "down/dns: delay=7ms"
    assert found[1].configured["down/dns"] == Configured(None, 7_000_000)


def test_what_flows_share_is_told_too() -> None:
    found = changes(
        scenario(
            {"time": "1s", "set": {"bottleneck": {"office": {"down": {"rate": "1mbit"}}}}},
            bottleneck=[{"name": "office"}],
        ),
        0,
        2 * SECOND,
    )
    assert list(found[0].configured) == ["up", "down", "up/office", "down/office"]
    assert found[1].text == "down/office: rate=1mbit"


def test_a_line_that_flaps_for_ever_is_cut_short() -> None:
    flapping = scenario({"time": "0s", "outage": "1ms", "repeat": "2ms"})
    assert len(changes(flapping, 0, 3600 * SECOND)) == 2000
