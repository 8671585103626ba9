"""Emulated links: the graph of one, and how it follows a scenario."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.apps import App, Join, PcapWriter, Split, Tee
from usernet.config.event import Event, Outage
from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link
from usernet.config.scenario import Scenario
from usernet.engine import Engine
from usernet.engine.filters import compile_filter
from usernet.errors import CaptureError, ConfigError
from usernet.net.emulation import Emulation, Ends, topology

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from usernet.config.topology import Topology
    from usernet.engine import Statistics

UP, DOWN = Impairment(delay="1ms"), Impairment(delay="2ms")
MEDIA = Flow("media", "udp", Impairment(delay="3ms"), Impairment(delay="4ms"))
DNS = Flow("dns", "udp port 53", Impairment(delay="5ms"), Impairment(delay="6ms"))
# A tee has the ports rx and tx of an interface; in a ring of two of them nothing ever comes.
TEES = Ends(Tee(), Tee())
_REMOTE: tuple[Literal["destination"], Literal["source"]] = ("destination", "source")


def links(graph: Topology) -> list[str]:
    return sorted(map(str, graph.links))


def accepted(graph: Topology) -> bool:
    """Whether an engine runs it."""
    engine = Engine(virtual=True)
    engine.configure(graph)
    engine.advance(1_000_000)
    same = set(engine.statistics().links) == {str(link) for link in graph.links}
    engine.stop()
    return same


class TestTopology:
    def test_a_plain_link(self) -> None:
        graph = topology(Link(UP, DOWN), TEES)
        assert dict(graph.apps) == {
            "first": Tee(),
            "second": Tee(),
            "up": UP,
            "down": DOWN,
            "up/split": Split((), remote="destination"),
            "down/split": Split((), remote="source"),
        }
        assert links(graph) == [
            "down.tx -> first.rx",
            "down/split.rest -> down.rx",
            "first.tx -> up/split.rx",
            "second.tx -> down/split.rx",
            "up.tx -> second.rx",
            "up/split.rest -> up.rx",
        ]

    def test_one_that_is_captured(self, tmp_path: Path) -> None:
        path = tmp_path / "out.pcapng"
        graph = topology(Link(UP, DOWN), Ends(Tee(), Tee(), path))
        added: dict[str, App] = {
            "capture": PcapWriter(path, ("up", "down")),
            "up/tee": Tee(),
            "down/tee": Tee(),
        }
        assert dict(graph.apps) == {**topology(Link(UP, DOWN), TEES).apps, **added}
        assert links(graph) == [
            "down.dropped -> capture.down:dropped",
            "down.tx -> down/tee.rx",
            "down/split.rest -> down.rx",
            "down/tee.copy -> capture.down",
            "down/tee.tx -> first.rx",
            "first.tx -> up/split.rx",
            "second.tx -> down/split.rx",
            "up.dropped -> capture.up:dropped",
            "up.tx -> up/tee.rx",
            "up/split.rest -> up.rx",
            "up/tee.copy -> capture.up",
            "up/tee.tx -> second.rx",
        ]

    def test_the_capture_is_opened_last(self, tmp_path: Path) -> None:
        # An interface that is missing must not have emptied an earlier capture by then.
        ends = Ends(Tee(), Tee(), tmp_path / "out.pcapng")
        assert list(topology(Link(UP, DOWN, (MEDIA,)), ends).apps)[-1] == "capture"

    def test_one_with_flows(self) -> None:
        graph = topology(Link(UP, DOWN, (MEDIA, DNS)), TEES)
        programs = (compile_filter("udp"), compile_filter("udp port 53"))
        up, down = (Split(programs, ("media", "dns"), (), end) for end in _REMOTE)
        assert dict(graph.apps) == {
            "first": Tee(),
            "second": Tee(),
            "up": UP,
            "up/split": up,
            "up/media": MEDIA.up,
            "up/dns": DNS.up,
            "up/join": Join(),
            "down": DOWN,
            "down/split": down,
            "down/media": MEDIA.down,
            "down/dns": DNS.down,
            "down/join": Join(),
        }
        assert [link for link in links(graph) if "up" in link] == [
            "first.tx -> up/split.rx",
            "up.tx -> up/join.0000",
            "up/dns.tx -> up/join.0002",
            "up/join.tx -> second.rx",
            "up/media.tx -> up/join.0001",
            "up/split.dns -> up/dns.rx",
            "up/split.media -> up/media.rx",
            "up/split.rest -> up.rx",
        ]

    def test_one_with_flows_that_is_captured(self, tmp_path: Path) -> None:
        ends = Ends(Tee(), Tee(), tmp_path / "out.pcapng")
        graph = topology(Link(UP, DOWN, (MEDIA,)), ends)
        assert [link for link in links(graph) if "down" in link] == [
            "down.dropped -> down/dropped.0000",
            "down.tx -> down/join.0000",
            "down/dropped.tx -> capture.down:dropped",
            "down/join.tx -> down/tee.rx",
            "down/media.dropped -> down/dropped.0001",
            "down/media.tx -> down/join.0001",
            "down/split.media -> down/media.rx",
            "down/split.rest -> down.rx",
            "down/tee.copy -> capture.down",
            "down/tee.tx -> first.rx",
            "second.tx -> down/split.rx",
        ]
        assert accepted(graph)

    def test_a_flow_that_leaves_is_fed_no_more(self) -> None:
        graph = topology(Link(UP, DOWN), TEES, (MEDIA,))
        assert [link for link in links(graph) if "up" in link] == [
            "first.tx -> up/split.rx",
            "up.tx -> up/join.0000",
            "up/join.tx -> second.rx",
            "up/media.tx -> up/join.0001",
            "up/split.media -> up/media.rx",
            "up/split.rest -> up.rx",
        ]
        assert graph.apps["up/split"] == Split((), remote="destination")
        assert accepted(graph)

    def test_a_wrong_filter_is_named(self) -> None:
        with pytest.raises(ConfigError, match="udp prot 53"):
            topology(Link(flows=(Flow("dns", "udp prot 53"),)), TEES)

    @given(
        flows=st.lists(
            st.builds(
                Flow,
                st.from_regex(r"[a-z]{1,4}", fullmatch=True),
                st.sampled_from(["udp", "tcp port 80", "ip6", ""]),
                st.sampled_from([UP, DOWN, Impairment(rate="1mbit", compat="netem")]),
            ),
            max_size=4,
            unique_by=lambda flow: flow.name,
        ),
    )
    def test_the_engine_accepts_every_one(self, flows: list[Flow]) -> None:
        assert accepted(topology(Link(UP, DOWN, tuple(flows)), TEES))


class TestEmulation:
    def test_it_runs_until_it_is_stopped(self) -> None:
        emulation = Emulation(Scenario(Link(UP, DOWN)), TEES)
        try:
            before = emulation.elapsed_ns()
            emulation.check()
            assert emulation.elapsed_ns() > before
            statistics = emulation.statistics()
            assert set(statistics.impairments) == {"up", "down"}
            assert statistics.generation == 1
        finally:
            emulation.stop()
        emulation.stop()

    def test_it_follows_its_timeline(self) -> None:
        # Two changes: the line is cut at 1 ms, and whole again at 2 ms.
        timeline = (Event(1_000_000, Outage(1_000_000)),)
        emulation = Emulation(Scenario(Link(UP, DOWN), timeline), TEES)
        try:
            assert _reaches(emulation, 3)
        finally:
            emulation.stop()

    def test_what_is_far_ahead_waits(self) -> None:
        timeline = (Event(3_600_000_000_000, Outage(1_000_000)),)
        emulation = Emulation(Scenario(Link(UP, DOWN), timeline), TEES)
        try:
            emulation.check()
            assert emulation.statistics().generation == 1
        finally:
            emulation.stop()

    def test_what_the_line_is_at_the_start_is_no_change(self) -> None:
        timeline = (Event(0, Outage(1_000_000)),)
        emulation = Emulation(Scenario(Link(UP, DOWN), timeline), TEES)
        try:
            assert _reaches(emulation, 2)
            emulation.check()
            assert emulation.statistics().generation == 2
        finally:
            emulation.stop()

    def test_a_failure_of_the_capture_is_told_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"out\.pcapng"):
            Emulation(Scenario(), Ends(Tee(), Tee(), tmp_path / "none" / "out.pcapng"))


class TestChanges:
    def test_a_change_is_what_runs(self) -> None:
        emulation = Emulation(Scenario(Link(UP, DOWN)), TEES)
        try:
            emulation.change(Scenario(Link(DOWN, DOWN)))
            assert emulation.statistics().generation == 2
            assert emulation.link == Link(DOWN, DOWN)
            assert [link for _, link in emulation.history] == [Link(UP, DOWN), Link(DOWN, DOWN)]
        finally:
            emulation.stop()

    def test_what_cannot_be_changes_nothing(self) -> None:
        emulation = Emulation(Scenario(Link(UP, DOWN)), TEES)
        try:
            with pytest.raises(ConfigError, match="prot"):
                emulation.change(Scenario(Link(flows=(Flow("dns", "udp prot 53"),))))
            assert emulation.link == Link(UP, DOWN)
            assert emulation.statistics().generation == 1
        finally:
            emulation.stop()

    def test_a_thousand_changes_leave_nothing_behind(self) -> None:
        emulation = Emulation(Scenario(), TEES)
        try:
            for number in range(1000):
                flows = (MEDIA, DNS)[: number % 3]
                if number % 2:
                    flows = flows[::-1]
                emulation.change(Scenario(Link(Impairment(delay=f"{number % 7}ms"), DOWN, flows)))
                emulation.check()
            emulation.change(Scenario())
            _wait(emulation, lambda now: set(now.impairments) == {"up", "down"})
            statistics = emulation.statistics()
            assert set(statistics.links) == {str(one) for one in topology(Link(), TEES).links}
        finally:
            emulation.stop()

    def test_a_pause_holds_the_timeline_and_seeking_moves_it(self) -> None:
        timeline = (Event(1_000_000, Outage(1_000_000)), Event(3_600 * 10**9, Outage(10**9)))
        emulation = Emulation(Scenario(Link(UP, DOWN), timeline), TEES)
        try:
            emulation.pause()
            position = emulation.position_ns()
            emulation.seek(3_600 * 10**9)
            assert emulation.link.up.down
            assert emulation.position_ns() == 3_600 * 10**9
            emulation.seek(position)
            emulation.seek(0)
            assert not emulation.link.up.down
            emulation.play()
            _wait(emulation, lambda _: emulation.position_ns() > 2_000_000)
            assert not emulation.link.up.down
        finally:
            emulation.stop()

    def test_a_capture_begins_and_ends_while_it_runs(self, tmp_path: Path) -> None:
        path = tmp_path / "out.pcapng"
        emulation = Emulation(Scenario(), TEES)
        try:
            emulation.capture(path)
            assert emulation.captured == path
            assert "capture" in emulation.statistics().apps
            emulation.capture(None)
            assert "capture" not in emulation.statistics().apps
            assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
            with pytest.raises(CaptureError):
                emulation.capture(tmp_path / "none" / "out.pcapng")
            assert emulation.captured is None
        finally:
            emulation.stop()


def _wait(emulation: Emulation, condition: Callable[[Statistics], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition(emulation.statistics()):
        emulation.check()
        assert time.monotonic() < deadline, emulation.statistics()


def _reaches(emulation: Emulation, generation: int) -> bool:
    """Whether the graph has changed so often within ten seconds."""
    deadline = time.monotonic() + 10
    while emulation.statistics().generation < generation and time.monotonic() < deadline:
        emulation.check()
    return emulation.statistics().generation == generation
