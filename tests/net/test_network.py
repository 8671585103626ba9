"""Networks: graphs built app by app, that run in virtual or in real time."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

import usernet
from usernet.config.topology import Topology, parse_connection
from usernet.errors import ConfigError, EngineError, UnitError
from usernet.net.network import Network

MS = 1_000_000
LINK = "source.tx -> sink.rx"
NAME = "source.tx->sink.rx"


def source_and_sink(*, count: int | None = None, seed: int = 0) -> Network:
    """A source of 1000 packets a second, and a sink."""
    network = Network(seed=seed)
    network.app("source", usernet.Source(size=60, packets_per_second=1000, count=count))
    network.app("sink", usernet.Sink())
    return network


def received(network: Network) -> object:
    return network.statistics().apps["sink"]["packets"]


class TestGraph:
    def test_an_impaired_line_as_a_user_writes_it(self) -> None:
        net = usernet.Network(seed=7)
        net.app("source", usernet.Source(size=60))
        net.app("sink", usernet.Sink())
        net.connect(
            "source.tx -> sink.rx",
            usernet.Impairment(delay="40ms", jitter="5ms", loss="1%", rate="20mbit", queue="100ms"),
        )
        net.advance("240ms")
        one = net.statistics().impairments[NAME]
        net.stop()
        # 20 Mbit/s for the 200 ms after the delay, give or take the jitter, in packets of 60 bytes.
        assert one.packets_out * 60 * 8 == pytest.approx(20e6 * 0.200, rel=0.03)
        assert one.queue_ns == pytest.approx(100 * MS, rel=0.01)
        assert one.dropped["loss"] == pytest.approx(one.packets_in / 100, rel=0.05)
        assert one.dropped["queue"] > 0

    def test_a_link(self) -> None:
        network = source_and_sink()
        network.connect(LINK)
        assert network.topology == Topology(
            {
                "source": usernet.Source(size=60, packets_per_second=1000),
                "sink": usernet.Sink(),
            },
            frozenset({parse_connection(LINK)}),
        )

    def test_a_link_through_an_impairment(self) -> None:
        network = source_and_sink()
        network.connect(LINK, usernet.Impairment(delay="1ms"))
        assert network.topology.apps[NAME] == usernet.Impairment(delay="1ms")
        assert {str(link) for link in network.topology.links} == {
            f"source.tx -> {NAME}.rx",
            f"{NAME}.tx -> sink.rx",
        }

    @pytest.mark.parametrize("impairment", [None, usernet.Impairment(delay="1ms")], ids=str)
    def test_a_link_that_cannot_be_changes_nothing(
        self, impairment: usernet.Impairment | None
    ) -> None:
        network = source_and_sink()
        network.connect(LINK)
        before = network.topology
        for wrong in (LINK, "source.2 -> sink.rx", "none.tx -> sink.2", "source.tx"):
            with pytest.raises(ConfigError):
                network.connect(wrong, impairment)
        assert network.topology == before

    def test_what_the_engine_refuses_is_not_in_the_topology(self) -> None:
        network = source_and_sink()
        network.advance(0)
        before = network.topology
        with pytest.raises(ConfigError, match="sink has no"):
            network.connect("sink.tx -> sink.rx")
        assert network.topology == before
        network.stop()


class TestImpair:
    def test_a_change_holds_for_packets_that_come_after_it(self) -> None:
        network = source_and_sink(count=20)
        network.connect(LINK, usernet.Impairment(delay="100ms"))
        network.advance("9.5ms")
        network.impair(LINK, usernet.Impairment(delay="1ms"))
        network.advance("20ms")
        assert received(network) == 10
        network.advance("1s")
        assert received(network) == 20
        network.stop()

    def test_the_spacing_of_the_link_does_not_matter(self) -> None:
        network = source_and_sink()
        network.connect(LINK, usernet.Impairment(delay="100ms"))
        network.impair("source.tx->sink.rx", usernet.Impairment(delay="1ms"))
        assert network.topology.apps[NAME] == usernet.Impairment(delay="1ms")

    def test_a_link_without_an_impairment_has_none_to_change(self) -> None:
        network = source_and_sink()
        network.connect(LINK)
        with pytest.raises(ConfigError, match="the link has no impairment"):
            network.impair(LINK, usernet.Impairment(delay="1ms"))


class TestTime:
    @pytest.mark.parametrize("duration", ["5ms", timedelta(milliseconds=5)])
    def test_it_is_told_how_far_to_go(self, duration: str | timedelta) -> None:
        network = source_and_sink()
        network.connect(LINK)
        for _ in range(3):
            network.advance(duration)
        assert network.statistics().time_ns == 15 * MS
        assert received(network) == 16
        network.stop()

    def test_a_number_without_a_unit_is_refused(self) -> None:
        network = source_and_sink()
        with pytest.raises(UnitError, match="a duration needs a unit"):
            network.advance(5 * MS)
        network.stop()

    def test_it_grows_while_it_runs(self) -> None:
        network = source_and_sink()
        network.connect(LINK)
        network.advance("5ms")
        network.app("tee", usernet.Tee())
        network.advance("5ms")
        assert received(network) == 11
        assert network.statistics().generation == 2
        network.stop()

    def test_the_seed_is_the_engines(self) -> None:
        counts = set()
        for seed in (1, 1, 2):
            network = source_and_sink(seed=seed)
            network.connect(LINK, usernet.Impairment(loss="50%"))
            network.advance("10s")
            counts.add(received(network))
            network.stop()
        assert len(counts) == 2

    def test_nothing_runs_before_it_starts(self) -> None:
        network = source_and_sink()
        with pytest.raises(EngineError, match="does not run"):
            network.statistics()
        with pytest.raises(EngineError, match="does not run"):
            _ = network.engine
        network.stop()

    def test_clocks_do_not_mix(self) -> None:
        network = source_and_sink()
        network.advance("1ms")
        with pytest.raises(EngineError, match="do not mix"):
            network.start()
        network.stop()
        network.start()
        try:
            with pytest.raises(EngineError, match="do not mix"):
                network.advance("1ms")
        finally:
            network.stop()

    def test_a_stopped_one_starts_anew(self) -> None:
        network = source_and_sink()
        network.connect(LINK)
        network.advance("5ms")
        network.stop()
        network.stop()
        network.advance("1ms")
        assert received(network) == 2
        network.stop()


def test_a_graph_that_cannot_run_leaves_nothing_running() -> None:
    network = Network()
    network.app("source", usernet.Source(size=0))
    with pytest.raises(ConfigError):
        network.start()
    with pytest.raises(EngineError, match="does not run"):
        _ = network.engine


def test_it_runs_in_real_time_inside_a_with_block() -> None:
    network = source_and_sink(count=20)
    network.connect(LINK, usernet.Impairment(delay="2ms"))
    deadline = time.monotonic() + 10
    with network as running:
        assert running is network
        while received(network) != 20 and time.monotonic() < deadline:
            network.engine.wait(0.005)
        assert received(network) == 20
    with pytest.raises(EngineError, match="does not run"):
        network.statistics()
