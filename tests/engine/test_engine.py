"""The engine: what runs, in virtual and in real time, and what a change does to it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from usernet.config.apps import App, Join, PcapReader, PcapWriter, RawSocket, Sink, Source, Tee
from usernet.config.impairment import Impairment
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine, Statistics
from usernet.engine.actions import diff
from usernet.errors import (
    CaptureError,
    ConfigError,
    EngineError,
    InterfaceError,
    TraceError,
    UsernetError,
)
from usernet.selftest.events import Event, EventLog

MS = 1_000_000
SECOND = 1_000_000_000
THOUSAND = Source(size=100, packets_per_second=1000)


def graph(links: list[str], **apps: App) -> Topology:
    """A topology of these apps and links."""
    topology = Topology()
    for name, app in apps.items():
        topology = topology.with_app(name, app)
    for link in links:
        topology = topology.with_link(parse_connection(link))
    return topology


def line(impairment: Impairment, source: Source = THOUSAND) -> Topology:
    """A source, an impairment and a sink."""
    links = ["source.tx -> line.rx", "line.tx -> sink.rx"]
    return graph(links, source=source, line=impairment, sink=Sink())


def run(topology: Topology, until_ns: int, *, seed: int = 0) -> tuple[bytes, Statistics]:
    """The event log and the statistics of a run in virtual time."""
    engine = Engine(seed=seed, virtual=True)
    engine.keep_log()
    engine.configure(topology)
    engine.advance(until_ns)
    found = engine.log(), engine.statistics()
    engine.stop()
    return found


def received(statistics: Statistics, sink: str = "sink") -> object:
    return statistics.apps[sink]["packets"]


class TestVirtualTime:
    def test_time_passes_only_when_it_is_told_to(self) -> None:
        engine = Engine(virtual=True)
        engine.configure(line(Impairment()))
        assert engine.now() == 0
        assert received(engine.statistics()) == 0
        engine.advance(5 * MS)
        assert engine.now() == 5 * MS
        engine.stop()

    def test_the_last_moment_is_included(self) -> None:
        # Packets leave at 0, 1 and 2 ms, and arrive 5 ms later.
        engine = Engine(virtual=True)
        engine.configure(line(Impairment(delay="5ms")))
        engine.advance(7 * MS - 1)
        assert received(engine.statistics()) == 2
        engine.advance(7 * MS)
        assert received(engine.statistics()) == 3
        engine.stop()

    def test_time_never_goes_back(self) -> None:
        engine = Engine(virtual=True)
        engine.advance(5 * MS)
        engine.advance(3 * MS)
        assert engine.now() == 5 * MS
        engine.stop()

    def test_each_packet_is_delayed_exactly(self) -> None:
        log, _ = run(line(Impairment(delay="5ms")), 20 * MS)
        (events,) = EventLog.of_each_app(log)
        assert events.times_of(Event.IN) == [at * MS for at in range(21)]
        assert events.delays() == [5 * MS] * 16

    def test_an_hour_takes_no_time(self) -> None:
        _, statistics = run(
            line(Impairment(), Source(size=60, packets_per_second=1)), 3600 * SECOND
        )
        assert received(statistics) == 3601


class TestSeed:
    RANDOM = line(
        Impairment(
            delay="20ms", jitter="5ms", loss="10%", duplicate="5%", corrupt="5%", reorder="5%"
        )
    )

    def test_one_seed_gives_one_log(self) -> None:
        assert run(self.RANDOM, SECOND, seed=7) == run(self.RANDOM, SECOND, seed=7)

    def test_another_seed_gives_another_log(self) -> None:
        one, _ = run(self.RANDOM, SECOND, seed=7)
        other, _ = run(self.RANDOM, SECOND, seed=8)
        assert one
        assert one != other

    def test_how_time_is_cut_up_changes_nothing(self) -> None:
        whole, _ = run(self.RANDOM, SECOND, seed=7)
        engine = Engine(seed=7, virtual=True)
        engine.keep_log()
        engine.configure(self.RANDOM)
        for step in range(1, 101):
            engine.advance(step * 10 * MS)
        assert engine.log() == whole
        engine.stop()

    @pytest.mark.parametrize("seed", [-1, 2**64])
    def test_a_seed_is_64_bits(self, seed: int) -> None:
        with pytest.raises(OverflowError):
            Engine(seed=seed, virtual=True)

    def test_no_log_is_kept_that_nobody_asked_for(self) -> None:
        engine = Engine(virtual=True)
        engine.configure(self.RANDOM)
        engine.advance(100 * MS)
        assert engine.log() == b""
        engine.stop()


class TestChange:
    def test_a_delay_holds_for_packets_that_come_after_it(self) -> None:
        engine = Engine(virtual=True)
        engine.keep_log()
        engine.configure(line(Impairment(delay="100ms"), Source(100, 1000, 40)))
        engine.advance(19 * MS)
        assert engine.statistics().impairments["line"].delayed == 20
        assert engine.configure(line(Impairment(delay="10ms"), Source(100, 1000, 40))) == 2
        engine.advance(SECOND)
        (events,) = EventLog.of_each_app(engine.log())
        assert events.delays() == [100 * MS] * 20 + [10 * MS] * 20
        assert received(engine.statistics()) == 40
        engine.stop()

    def test_the_generation_counts_the_topologies(self) -> None:
        engine = Engine(virtual=True)
        assert engine.statistics().generation == 0
        assert [engine.configure(graph([], a=Sink())) for _ in range(3)] == [1, 2, 3]
        assert engine.statistics().generation == 3
        engine.stop()

    def test_what_is_not_named_counts_on(self) -> None:
        engine = Engine(virtual=True)
        engine.configure(graph(["source.tx -> sink.rx"], source=THOUSAND, sink=Sink()))
        engine.advance(10 * MS)
        more = engine.topology.with_app("other", Tee())
        engine.configure(more)
        engine.advance(20 * MS)
        assert received(engine.statistics()) == 21
        assert engine.statistics().links["source.tx -> sink.rx"].packets == 21
        engine.stop()

    def test_an_app_of_another_kind_starts_anew(self) -> None:
        engine = Engine(virtual=True)
        engine.configure(graph(["source.tx -> end.rx"], source=THOUSAND, end=Sink()))
        engine.advance(10 * MS)
        assert received(engine.statistics(), "end") == 11
        engine.configure(graph(["source.tx -> end.rx"], source=THOUSAND, end=Tee()))
        assert engine.statistics().apps["end"]["kind"] == "tee"
        engine.stop()

    @pytest.mark.parametrize(
        ("link", "problem"),
        [
            ("source.tx -> sink.rx2", "has a link already"),
            ("source.other -> line.tx", "impairment has no"),
            ("source.other -> nobody.rx", "no app nobody"),
        ],
    )
    def test_one_that_cannot_be_made_changes_nothing(self, link: str, problem: str) -> None:
        before = line(Impairment(delay="5ms"))
        engine = Engine(virtual=True)
        engine.configure(before)
        engine.advance(10 * MS)
        statistics = engine.statistics()
        wrong = line(Impairment(delay="1ms")).with_app("new", Sink())
        wrong = Topology(wrong.apps, wrong.links | {parse_connection(link)})
        with pytest.raises(ConfigError, match=problem):
            engine.configure(wrong)
        assert engine.topology == before
        assert engine.statistics() == statistics
        engine.advance(100 * MS)
        assert received(engine.statistics()) == 96
        engine.stop()

    def test_what_cannot_start_changes_nothing(self, tmp_path: Path) -> None:
        before = graph(["source.tx -> sink.rx"], source=THOUSAND, sink=Sink())
        engine = Engine(virtual=True)
        engine.configure(before)
        with pytest.raises(UsernetError):
            engine.configure(graph([], first=Tee(), reader=PcapReader(tmp_path / "none.pcap")))
        assert engine.topology == before
        assert set(engine.statistics().apps) == {"source", "sink"}
        engine.stop()


class TestSchedule:
    def test_actions_are_done_at_their_moment(self) -> None:
        source = Source(100, 1000, 40)
        slow, fast = (line(Impairment(delay=delay), source) for delay in ("100ms", "10ms"))
        engine = Engine(virtual=True)
        engine.keep_log()
        engine.configure(slow)
        engine.schedule(20 * MS, diff(slow, fast))
        engine.advance(SECOND)
        (events,) = EventLog.of_each_app(engine.log())
        assert events.delays() == [100 * MS] * 20 + [10 * MS] * 20
        assert engine.statistics().generation == 2
        engine.stop()

    def test_those_of_one_moment_are_done_in_the_order_told(self) -> None:
        topologies = [graph([], a=app) for app in (Sink(), Tee(), Join())]
        engine = Engine(virtual=True)
        engine.configure(topologies[0])
        engine.schedule(MS, diff(topologies[0], topologies[1]))
        engine.schedule(MS, diff(topologies[1], topologies[2]))
        engine.advance(MS)
        assert engine.statistics().apps["a"]["kind"] == "join"
        engine.stop()

    def test_what_proves_impossible_is_a_failure_of_the_run(self) -> None:
        engine = Engine(virtual=True)
        engine.schedule(MS, diff(graph([], a=Sink()), graph([])))
        engine.advance(MS - 1)
        with pytest.raises(ConfigError, match="there is no app a"):
            engine.advance(MS)


class TestStatistics:
    def test_every_packet_is_somewhere(self) -> None:
        impairment = Impairment(delay="30ms", loss="20%", duplicate="10%", rate="500kbit")
        _, statistics = run(line(impairment), 955 * MS, seed=3)
        one = statistics.impairments["line"]
        present = one.queue_packets + one.delayed + 1  # the one that is being sent
        assert one.packets_in == 956
        assert one.dropped_total > 0
        assert one.duplicated > 0
        assert one.queue_packets > 0
        assert one.delayed > 0
        assert one.packets_in + one.duplicated == one.packets_out + one.dropped_total + present
        assert one.bytes_out == 100 * one.packets_out
        assert received(statistics) == one.packets_out
        assert statistics.links["line.tx -> sink.rx"].packets == one.packets_out
        assert statistics.links["source.tx -> line.rx"].packets == one.packets_in

    def test_the_queue_tells_how_long_a_packet_that_comes_now_would_stand(self) -> None:
        # Packets come at 0, 1, 2 ms … and are sent in 3 ms each: at 10 ms seven wait.
        impairment = Impairment(rate="8mbit")
        _, statistics = run(line(impairment, Source(3000, 1000)), 10 * MS)
        one = statistics.impairments["line"]
        assert (one.packets_in, one.packets_out, one.queue_packets) == (11, 3, 7)
        assert (one.queue_bytes, one.queue_ns) == (21_000, 21 * MS)

    def test_a_tee_copies_and_a_join_adds(self) -> None:
        links = [
            "source.tx -> tee.rx",
            "tee.1 -> join.1",
            "tee.2 -> join.2",
            "tee.3 -> join.3",
            "join.tx -> sink.rx",
        ]
        topology = graph(links, source=Source(60, 1000, 5), tee=Tee(), join=Join(), sink=Sink())
        _, statistics = run(topology, SECOND)
        assert received(statistics) == 15
        assert statistics.apps["sink"]["bytes"] == 900

    def test_packets_are_given_back(self) -> None:
        _, statistics = run(line(Impairment(delay="5ms"), Source(60, 1000, 5)), SECOND)
        assert received(statistics) == 5
        assert statistics.packets_lent <= 1  # what the source copies
        assert statistics.packets_refused == 0


class TestErrors:
    def test_a_config_that_the_core_refuses(self) -> None:
        engine = Engine(virtual=True)
        with pytest.raises(ConfigError, match="size: 1 to 65664 bytes"):
            engine.configure(graph([], a=Source(size=0)))

    def test_an_app_without_a_name(self) -> None:
        with pytest.raises(ConfigError, match="is no name for an app"):
            Engine(virtual=True).configure(Topology({"": Sink()}))

    def test_an_interface_that_is_not_there(self) -> None:
        engine = Engine()
        try:
            with pytest.raises(InterfaceError, match="un-none"):
                engine.configure(graph([], a=RawSocket("un-none")))
            assert engine.statistics().generation == 0
        finally:
            engine.stop()

    def test_nothing_outside_takes_part_in_virtual_time(self) -> None:
        with pytest.raises(ConfigError, match="a raw_socket needs real time"):
            Engine(virtual=True).configure(graph([], a=RawSocket("un-none")))

    def test_a_capture_that_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "poem.pcap"
        path.write_text("Shall I compare thee to a summer's day?")
        with pytest.raises(TraceError, match=r"poem\.pcap"):
            Engine(virtual=True).configure(graph([], a=PcapReader(path)))

    def test_a_capture_in_a_folder_that_is_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "none" / "out.pcapng"
        with pytest.raises(CaptureError, match=r"out\.pcapng"):
            Engine(virtual=True).configure(graph([], a=PcapWriter(path)))

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_capture_that_is_no_file(self) -> None:
        with pytest.raises(CaptureError, match="/dev/full: it is no regular file"):
            Engine(virtual=True).configure(graph([], capture=PcapWriter(Path("/dev/full"))))

    def test_virtual_time_is_not_waited_for(self) -> None:
        engine = Engine(virtual=True)
        engine.wait(3600)
        assert engine.now() == 0
        engine.stop()

    def test_real_time_cannot_be_advanced(self) -> None:
        engine = Engine()
        try:
            with pytest.raises(EngineError, match="real time cannot be advanced"):
                engine.advance(SECOND)
        finally:
            engine.stop()


def until(engine: Engine, sink_has: int) -> Statistics:
    """Wait, for at most ten seconds, until the sink has so many packets or more."""
    deadline = time.monotonic() + 10
    statistics = engine.statistics()
    while _taken(statistics) < sink_has and time.monotonic() < deadline:
        engine.wait(0.005)
        statistics = engine.statistics()
    return statistics


def _taken(statistics: Statistics) -> int:
    taken = received(statistics)
    assert isinstance(taken, int)
    return taken


class TestRealTime:
    def test_packets_pass_and_are_never_early(self) -> None:
        engine = Engine()
        try:
            engine.keep_log()
            engine.configure(line(Impairment(delay="5ms"), Source(100, 1000, 20)))
            assert received(until(engine, 20)) == 20
            (events,) = EventLog.of_each_app(engine.log())
            came, went = events.times_of(Event.IN), events.times_of(Event.OUT)
        finally:
            engine.stop()
        assert len(came) == len(went) == 20
        assert min(after - before for before, after in zip(came, went, strict=True)) >= 0

    def test_a_change_of_delay_loses_nothing_in_flight(self) -> None:
        source = Source(100, 1000, 300)
        engine = Engine()
        try:
            engine.configure(line(Impairment(delay="20ms"), source))
            until(engine, 1)
            assert engine.configure(line(Impairment(delay="1ms"), source)) == 2
            statistics = until(engine, 300)
        finally:
            engine.stop()
        assert received(statistics) == 300
        assert statistics.impairments["line"].dropped_total == 0

    def test_what_is_scheduled_is_done(self) -> None:
        empty, full = Topology(), graph([], sink=Sink())
        engine = Engine()
        try:
            engine.schedule(engine.now() + MS, diff(empty, full))
            deadline = time.monotonic() + 10
            while not engine.statistics().apps and time.monotonic() < deadline:
                engine.wait(0.001)
            assert set(engine.statistics().apps) == {"sink"}
        finally:
            engine.stop()

    def test_a_failure_ends_the_wait(self) -> None:
        engine = Engine()
        try:
            engine.schedule(engine.now() + MS, diff(graph([], a=Sink()), Topology()))
            before = time.monotonic()
            with pytest.raises(ConfigError, match="there is no app a"):
                engine.wait(30)
            assert time.monotonic() - before < 25
        finally:
            with pytest.raises(ConfigError):
                engine.stop()

    def test_its_clock_goes_on(self) -> None:
        engine = Engine(precise=True)
        try:
            first = engine.now()
            engine.wait(0.001)
            assert engine.now() - first >= MS
        finally:
            engine.stop()


@pytest.mark.parametrize("virtual", [True, False])
class TestStop:
    def test_twice_is_once(self, virtual: bool) -> None:
        engine = Engine(virtual=virtual)
        engine.configure(line(Impairment(delay="5ms")))
        engine.stop()
        engine.stop()

    def test_what_is_in_a_capture_is_finished(self, virtual: bool, tmp_path: Path) -> None:
        path = tmp_path / "out.pcapng"
        engine = Engine(virtual=virtual)
        engine.configure(graph([], capture=PcapWriter(path)))
        engine.stop()
        assert path.read_bytes()[:4] == bytes.fromhex("0a0d0d0a")


def test_a_stopped_engine_in_real_time_refuses() -> None:
    engine = Engine()
    engine.stop()
    for refused in (
        engine.statistics,
        lambda: engine.configure(graph([], a=Sink())),
        lambda: engine.schedule(0, []),
    ):
        with pytest.raises(EngineError):
            refused()
