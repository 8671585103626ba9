"""Control: a running line is read, changed and watched."""

from __future__ import annotations

import resource
import select
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import Tee
from usernet.control import Control, Document
from usernet.control.subscription import MOST_WAITING
from usernet.errors import CaptureError, ConfigError, EngineError, GenerationError
from usernet.net.emulation import Emulation, Ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


TABLE: dict[str, object] = {
    "up": "loss=2% rate=1024kbit",
    "down": {"delay": "0.040s"},
    "flow": [
        {"name": "dns", "filter": "udp port 53", "down": {"delay": "1s"}},
        {"name": "web", "filter": "tcp port 80"},
    ],
    "at": [{"time": "1h", "set": {"down": {"delay": "50ms"}}}],
}


@pytest.fixture
def control() -> Iterator[Control]:
    document = Document.of(TABLE)
    emulation = Emulation(document.scenario, Ends(Tee(), Tee()))
    try:
        yield (made := Control(emulation, document, ("a", "b")))
        made.stop()
    finally:
        with suppress(CaptureError):
            emulation.stop()


def test_what_was_typed_is_what_is_read(control: Control) -> None:
    generation, document = control.read()
    assert (generation, document.table) == (1, TABLE)
    present = control.present()
    assert present["up"] == {"loss": "2%", "rate": "1024kbit"}
    assert present["down"] == {"delay": "0.040s"}
    assert present["flows"] == [
        {"name": "dns", "filter": "udp port 53", "up": {}, "down": {"delay": "1s"}},
        {"name": "web", "filter": "tcp port 80", "up": {}, "down": {}},
    ]


def test_a_value_is_changed_and_no_other(control: Control) -> None:
    assert control.patch({"up": {"rate": "2mbit"}}) == 2
    assert control.document.table == {**TABLE, "up": {"loss": "2%", "rate": "2mbit"}}
    assert control.statistics().generation == 2
    assert control.scenario.link.up.rate == 2_000_000


def test_what_is_wrong_changes_nothing_and_names_its_key(control: Control) -> None:
    with pytest.raises(ConfigError) as caught:
        control.patch({"up": {"loss": "3%"}, "flow": {"dns": {"down": {"delay": "3"}}}})
    assert caught.value.path == "flow[0].down.delay"
    with pytest.raises(ConfigError) as caught:
        control.add_flow({"name": "x", "filter": "udp prot 1"})
    assert caught.value.path == "flow[2].filter"
    assert control.read() == (1, Document.of(TABLE))
    assert control.statistics().generation == 1


def test_of_two_who_write_at_once_the_second_is_told(control: Control) -> None:
    control.patch({"up": {"rate": "2mbit"}}, if_generation=1)
    with pytest.raises(GenerationError) as caught:
        control.patch({"up": {"rate": "3mbit"}}, if_generation=1)
    assert (caught.value.given, caught.value.present) == (1, 2)
    assert control.scenario.link.up.rate == 2_000_000


def test_flows_are_added_changed_moved_and_removed(control: Control) -> None:
    def names() -> list[str]:
        return [flow.name for flow in control.scenario.link.flows]

    control.add_flow({"name": "ssh", "filter": "tcp port 22", "up": "loss=1%"}, at=0)
    assert names() == ["ssh", "dns", "web"]
    control.move_flow("ssh", 2)
    assert names() == ["dns", "web", "ssh"]
    control.change_flow("ssh", {"filter": "tcp port 2222", "up": {"loss": None}})
    assert control.scenario.link.flow("ssh").filter == "tcp port 2222"
    assert control.scenario.link.flow("ssh").up.loss is None
    control.remove_flow("dns")
    assert names() == ["web", "ssh"]
    with pytest.raises(ConfigError, match="did you mean ssh"):
        control.remove_flow("sssh")
    with pytest.raises(ConfigError, match="0 to 1"):
        control.move_flow("ssh", 2)
    with pytest.raises(ConfigError, match="two flows of one name"):
        control.add_flow({"name": "ssh", "filter": "udp"})
    assert control.generation == 5


def test_a_profile_takes_the_place_of_the_link_and_leaves_the_flows(control: Control) -> None:
    control.apply_profile("lte")
    assert control.scenario.link.down.rate == 12_000_000
    assert control.present()["down"] == {"delay": "35ms", "rate": "12mbit", "queue": "200ms"}
    assert [flow.name for flow in control.scenario.link.flows] == ["dns", "web"]
    control.apply_profile(None)
    assert control.present()["down"] == {}
    with pytest.raises(ConfigError, match="unknown profile"):
        control.apply_profile("ltee")


def test_a_scenario_is_paused_and_sought(control: Control) -> None:
    control.pause()
    control.seek(3_600_000_000_000)
    present = control.present()
    assert (present["playing"], present["position"]) == (False, 3600.0)
    assert present["down"] == {"delay": "50ms"}
    control.play()
    assert control.present()["playing"]
    control.patch({"down": {"delay": "0.040s"}})
    assert control.present()["down"] == {"delay": "0.040s"}


def test_no_place_is_beyond_the_end(control: Control) -> None:
    control.pause()
    control.seek(99 * 3_600_000_000_000)  # it has no end
    control.seek(0)
    control.replace({"duration": "60s"})
    before = control.present()
    with pytest.raises(ConfigError) as caught:
        control.seek(60_000_000_001)
    told = caught.value
    assert (told.path, told.value, told.allowed) == ("position", "60.000000001s", "0 to 60s")
    assert {**control.present(), "time": 0} == {**before, "time": 0}
    control.seek(60_000_000_000)
    assert control.present()["position"] == 60.0


def test_who_watches_hears_what_is_and_what_changes(control: Control) -> None:
    woken = threading.Event()
    subscription = control.subscribe(woken.set)
    control.patch({"up": {"rate": "2mbit"}})
    (first, present), (second, changed) = subscription.take()
    assert (first, present["generation"]) == ("present", 1)
    assert (second, changed["generation"]) == ("present", 2)
    assert woken.is_set()
    control.unsubscribe(subscription)
    control.pause()
    assert not subscription.take()


def test_who_does_not_read_is_dropped(control: Control) -> None:
    lazy, keen = control.subscribe(), control.subscribe()
    for number in range(MOST_WAITING + 1):
        control.patch({"up": {"delay": f"{number}ms"}})
        keen.take()
    assert lazy.is_dropped
    assert not keen.is_dropped
    assert len(lazy.take()) == MOST_WAITING


def test_a_reader_that_fails_stops_nobody(control: Control) -> None:
    def fail() -> None:
        raise OSError

    broken, sound = control.subscribe(fail), control.subscribe()
    control.patch({"up": {"rate": "2mbit"}})
    assert broken.is_dropped
    assert len(sound.take()) == 2


def test_points_are_made_as_time_passes(control: Control) -> None:
    subscription = control.subscribe()
    subscription.take()
    while not control.points():
        control.check()
        subscription.wait(0.05)
    (point,) = control.points()
    assert set(point["lines"]) == {  # type: ignore[call-overload]
        *("up", "down", "up/dns", "down/dns", "up/web", "down/web")
    }
    assert point["lines"]["down"]["delay_ns"] == 40_000_000  # type: ignore[index]
    assert control.points(since=float(str(point["time"]))) == []


def test_a_capture_begins_and_ends(control: Control, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    assert control.start_capture(path).is_running
    with pytest.raises(ConfigError, match="one at a time"):
        control.start_capture(tmp_path / "other.pcapng")
    assert not control.stop_capture().is_running
    assert path.stat().st_size > 0
    with pytest.raises(ConfigError, match="no capture"):
        control.stop_capture()


def test_a_line_that_is_over_is_read_and_not_changed(control: Control, tmp_path: Path) -> None:
    before = control.end()
    present = control.present()
    changes: tuple[Callable[[], object], ...] = (
        lambda: control.patch({"up": {"rate": "2mbit"}}),
        lambda: control.patch({"up": {"rate": "2mbit"}}, if_generation=7),
        lambda: control.replace({}),
        lambda: control.remove_flow("dns"),
        control.pause,
        control.play,
        lambda: control.seek(0),
        lambda: control.start_capture(tmp_path / "late.pcapng"),
    )
    for change in changes:
        with pytest.raises(EngineError, match=r"^the line is over$"):
            change()
    assert control.read() == (1, Document.of(TABLE))
    assert (control.present(), control.statistics()) == (present, before)
    assert not (tmp_path / "late.pcapng").exists()


def test_many_who_change_at_once_are_taken_one_after_the_other(control: Control) -> None:
    def change(number: int) -> None:
        for step in range(20):
            control.patch({"up": {"delay": f"{number}{step:02}us"}})

    threads = [threading.Thread(target=change, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert control.generation == 81
    _, document = control.read()
    assert control.present()["up"]["delay"] == document.table["up"]["delay"]  # type: ignore[index]


def test_a_disk_that_takes_nothing_ends_the_capture_and_not_the_line(
    control: Control, tmp_path: Path
) -> None:
    subscription = control.subscribe()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    control.start_capture(tmp_path / "out.pcapng")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(CaptureError, match="File too large"):
            control.stop_capture()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told: list[str] = []
    while "problem" not in told:
        control.check()
        told += [kind for kind, _ in subscription.take()]
    assert told.count("capture") == 2
    for number in range(1, 4):
        assert control.patch({"up": {"rate": f"{number}mbit"}}) == number + 1
        control.check()
    assert "problem" not in [kind for kind, _ in subscription.take()]  # it is told once
    control.stop()


def test_a_line_that_nobody_watches_is_seldom_looked_at(control: Control) -> None:
    assert control.look_seconds == 2.0
    assert _is_woken(control) is False
    watcher = control.subscribe()
    assert (control.look_seconds, _is_woken(control)) == (0.2, True)
    control.subscribe()
    control.check()
    assert _is_woken(control) is False
    for subscription in (watcher, *control._subscriptions):
        control.unsubscribe(subscription)
    assert control.look_seconds == 2.0
    control.points()
    assert (control.look_seconds, _is_woken(control)) == (0.2, True)


def _is_woken(control: Control) -> bool:
    return bool(select.select([control], [], [], 0)[0])


def test_what_flows_share_is_set_over_what_the_timeline_did() -> None:
    office = {"name": "office", "up": {"rate": "8mbit"}}
    shared: dict[str, object] = {
        "flow": [{"name": "web", "filter": "tcp port 80", "share": "office"}],
        "bottleneck": [office],
        "at": [{"time": "1h", "set": {"bottleneck": {"office": {"up": {"rate": "2mbit"}}}}}],
    }
    document = Document.of(shared)
    emulation = Emulation(document.scenario, Ends(Tee(), Tee()))
    control = Control(emulation, document)
    try:
        control.pause()
        control.seek(3_600_000_000_000)
        assert control.present()["bottlenecks"] == [{**office, "up": {"rate": "2mbit"}, "down": {}}]
        control.patch({"bottleneck": {"office": {"up": {"rate": "8mbit"}}}})
        assert control.present()["bottlenecks"] == [{**office, "down": {}}]
        with pytest.raises(ConfigError, match="unknown bottleneck 'office'") as caught:
            control.replace({**shared, "flow": [], "bottleneck": []})
        assert caught.value.path == "at[0].set.bottleneck.office"
    finally:
        control.stop()
