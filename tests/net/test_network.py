"""Networks: graphs built app by app, that run in virtual or in real time."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

import pytest

import usernet
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.config.socket_options import SocketOptions
from usernet.config.topology import Topology, parse_connection
from usernet.errors import ConfigError, EngineError, UnitError
from usernet.net.network import Network
from usernet.net.simulate import simulate

MS = 1_000_000
LINK = "source.tx -> sink.rx"
NAME = "source.tx->sink.rx"


LINE = usernet.Impairment(delay="1ms")


def two_hosts() -> Network:
    """Two hosts without a link."""
    network = Network()
    network.host("a", "10.0.0.1/24")
    network.host("b", "10.0.0.2/24")
    return network


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


class TestHosts:
    def test_hosts_have_addresses_and_names(self) -> None:
        network = Network()
        host = network.host("db.internal", "10.0.0.1/24", "fd00::1/64")
        assert network.hosts["db.internal"] is host
        assert network.addresses_of("DB.internal", socket.AF_INET6) == ["fd00::1"]
        assert network.name_of("10.0.0.1") == "db.internal"
        network.names["db"] = "db.internal"
        assert network.addresses_of("db") == ["10.0.0.1", "fd00::1"]

    def test_what_is_said_of_one_is_in_its_config(self) -> None:
        network = Network()
        network.host("r", "10.0.0.254/24", forward=True)
        network.host(
            "a",
            "10.0.0.1/24",
            congestion="bbr",
            mtu=1400,
            gateway="10.0.0.254",
            options={"send_buffer": "8mib", "congestion": "reno"},
        )
        network.host("b", "10.0.0.2/24", routes={"10.0.0.0/8": "10.0.0.254"})
        network.switch("lan")
        for name in ("r", "a", "b"):
            network.link(name, "lan", mtu=9000 if name == "r" else None)
        configs = {name: network.topology.apps[name].to_core() for name in ("r", "a", "b")}
        assert configs["r"]["forward"]
        assert configs["a"]["routes"] == [
            {"to": "0.0.0.0/0", "via": "10.0.0.254", "interface": "eth0"}
        ]
        assert configs["b"]["routes"] == [
            {"to": "10.0.0.0/8", "via": "10.0.0.254", "interface": "eth0"}
        ]
        options = configs["a"]["options"]
        assert options == SocketOptions(congestion="bbr", send_buffer="8mib").to_core()
        interfaces = {name: configs[name]["interfaces"] for name in configs}
        assert [one["eth0"]["mtu"] for one in interfaces.values()] == [9000, 1400, 1500]  # type: ignore[index]

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"mtu": "1500"}, 'a.mtu = "1500": a size needs a unit'),
            ({"gateway": "router"}, 'a.gateway = "router": no address'),
            ({"routes": {"10.0.0.1/8": "10.0.0.9"}}, 'a.routes = "10.0.0.1/8": bits behind'),
            ({"routes": {"10.0.0.0/8": "r"}}, 'a.routes.10.0.0.0/8 = "r": no address'),
            (
                {"congestion": "cubik"},
                "a.congestion: unknown congestion control 'cubik': did you mean cubic?",
            ),
            ({"options": {"nodely": True}}, "a.options.nodely: unknown option 'nodely'"),
        ],
    )
    def test_what_is_wrong_is_named(self, keys: dict[str, object], message: str) -> None:
        network = Network()
        with pytest.raises(ConfigError) as caught:
            network.host("a", "10.0.0.1/24", **keys)  # type: ignore[arg-type]
        assert message in str(caught.value)
        assert network.hosts == {}

    @pytest.mark.parametrize("name", ["a", "A"])
    def test_a_name_is_taken_once(self, name: str) -> None:
        network = Network()
        network.host("a", "10.0.0.1/24")
        with pytest.raises(ConfigError, match="there is something of that name"):
            network.host(name, "10.0.0.2/24")
        with pytest.raises(ConfigError, match="there is something of that name"):
            network.switch(name)

    def test_a_gateway_that_no_link_leads_to_is_told_when_it_starts(self) -> None:
        network = Network()
        network.host("a", "10.0.0.1/24", gateway="10.9.0.1")
        with pytest.raises(ConfigError, match=r'a\.gateway = "10\.9\.0\.1": no link of this host'):
            network.advance("1s")
        assert not network.is_running


class TestLinks:
    def test_ends_are_hosts_switches_devices_or_names(self) -> None:
        network = Network()
        host, lan = network.host("a", "10.0.0.1/24"), network.switch("lan")
        network.app("source", usernet.Source(60))
        network.link(host, lan)
        network.link("lan", usernet.Tap("tap9"))
        network.link(host, usernet.Tun("tun9"), name="out")
        network.link("source", host)
        assert list(network.links) == ["a-lan", "lan-tap9", "out", "source-a"]
        assert network.topology.apps["tap9"] == usernet.Tap("tap9")
        assert repr(lan) == "<Switch lan>"

    @pytest.mark.parametrize(
        "line",
        [
            LINE,
            Link(LINE, LINE),
            Scenario(Link(LINE, LINE)),
        ],
        ids=["impairment", "link", "scenario"],
    )
    def test_what_a_link_is_like(self, line: usernet.Impairment | Link | Scenario) -> None:
        network = two_hosts()
        link = network.link("a", "b", line, loss="1%", down="loss=2%")
        assert link.link == Link(LINE.replace(loss="1%"), LINE.replace(loss="2%"))

    def test_a_profile_has_a_side_for_each_direction(self) -> None:
        lte = usernet.profile("lte")
        link = two_hosts().link("a", "b", lte)
        assert (link.up.impairment, link.down.impairment) == (lte.link.up, lte.link.down)

    def test_a_host_of_another_network_is_refused(self) -> None:
        with pytest.raises(ConfigError, match='link = "a": a host of another network'):
            two_hosts().link(two_hosts().hosts["a"], "b")

    def test_a_device_needs_real_time(self) -> None:
        network = two_hosts()
        network.link("a", usernet.Tun("tun9"))
        with pytest.raises(ConfigError, match="needs real time"):
            network.advance("1s")

    def test_a_flow_is_between_hosts(self) -> None:
        with pytest.raises(ConfigError, match='flow = "c": no such host: a, b'):
            two_hosts().flow("a", "c")

    def test_a_graph_beside_hosts_is_replaced_by_itself(self) -> None:
        network = two_hosts()
        network.link("a", "b")
        network.app("tee", usernet.Tee())
        network.configure(Topology())
        assert "tee" not in network.topology.apps
        assert "a" in network.topology.apps


class TestLans:
    def test_hosts_on_a_switch_reach_each_other(self) -> None:
        async def main() -> list[float]:
            async with Network() as net:
                net.switch("lan")
                for number in range(1, 5):
                    net.host(f"h{number}", f"10.0.0.{number}/24", f"fd00::{number}/64")
                    net.link(f"h{number}", "lan", delay="1ms")
                addresses = [*(f"h{number}" for number in (2, 3, 4)), "10.0.0.3", "fd00::4"]
                return [(await net.hosts["h1"].ping(one)).rtts[0] for one in addresses]

        rtts = simulate(main())
        assert rtts == [0.008, 0.008, 0.008, 0.004, 0.008]
