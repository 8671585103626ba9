"""Blueprints: what a network is made of, and the graph that follows."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from usernet.config.addressing import HostPlan
from usernet.config.apps import Join, Meter, PcapWriter, RawSocket, Sink, Source, Tap, Tun
from usernet.config.host import HostConfig, Switch
from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.topology import Topology, parse_connection
from usernet.errors import ConfigError
from usernet.net.blueprint import Blueprint
from usernet.net.line import CAPTURE

LINK = Link(Impairment(delay="1ms"), Impairment(delay="2ms"))


def host(*addresses: str) -> HostPlan:
    return HostPlan(tuple(map(ip_interface, addresses)))


def two_hosts() -> Blueprint:
    return Blueprint().with_host("a.b", host("10.0.0.1/24")).with_host("c", host("10.0.0.2/24"))


def links(blueprint: Blueprint) -> list[str]:
    return sorted(map(str, blueprint.topology.links))


class TestGraph:
    def test_two_hosts_and_a_link(self) -> None:
        built, name = two_hosts().with_line("a.b", "c", LINK)
        assert name == "a_b-c"
        assert built.directions == ("a_b-c/up", "a_b-c/down")
        apps = built.topology.apps
        assert {name for name, app in apps.items() if isinstance(app, HostConfig)} == {"a.b", "c"}
        assert apps["a_b-c/up"] == LINK.up
        assert {name for name, app in apps.items() if app == Meter()} == {
            f"a_b-c/{direction}:{end}"
            for direction in ("up", "down")
            for end in ("sent", "received")
        }
        assert [link for link in links(built) if "/up" in link] == [
            "a.b.eth0 -> a_b-c/up:sent.rx",
            "a_b-c/up.tx -> a_b-c/up:received.rx",
            "a_b-c/up:received.tx -> c.eth0",
            "a_b-c/up:sent.tx -> a_b-c/up.rx",
        ]

    def test_each_link_has_an_interface_and_a_name_of_its_own(self) -> None:
        built, first = two_hosts().with_line("a.b", "c", LINK)
        built, second = built.with_line("a.b", "c", LINK)
        built, third = built.with_line("c", "a.b", LINK, name="back")
        assert (first, second, third) == ("a_b-c", "a_b-c-2", "back")
        assert "c.eth2 -> back/up:sent.rx" in links(built)
        assert "a.b.eth2 -> back/down:sent.rx" in links(built)
        assert [one.name for one in _host(built, "c").interfaces] == ["eth0", "eth1", "eth2"]

    def test_the_mtu_of_a_link_is_that_of_its_interfaces(self) -> None:
        built, _ = two_hosts().with_line("a.b", "c", LINK, mtu=1280)
        assert [one.mtu for one in _host(built, "c").interfaces] == [1280]

    def test_a_switch_makes_ethernet_of_its_links(self) -> None:
        built = two_hosts().with_switch("lan")
        built, _ = built.with_line("a.b", "lan", LINK)
        built, _ = built.with_line("lan", "c", LINK)
        assert built.topology.apps["lan"] == Switch()
        assert _host(built, "c").interfaces[0].medium == "ethernet"
        assert "lan.port1 -> lan-c/up:sent.rx" in links(built)
        assert "a_b-lan/up:received.tx -> lan.port0" in links(built)

    def test_apps_of_the_user_s_own_stay(self) -> None:
        base = Topology(
            {"s": Source(60), "t": Sink()}, frozenset({parse_connection("s.tx -> t.rx")})
        )
        built, _ = replace(two_hosts(), base=base).with_line("a.b", "c", LINK)
        assert built.topology.apps["s"] == Source(60)
        assert parse_connection("s.tx -> t.rx") in built.topology.links

    def test_a_change_of_a_link_changes_nothing_else(self) -> None:
        built, name = two_hosts().with_line("a.b", "c", LINK)
        changed = built.with_link(name, Link(LINK.down, LINK.up))
        assert changed.topology.apps["a_b-c/up"] == LINK.down
        assert changed.topology.links == built.topology.links


class TestDevices:
    @pytest.mark.parametrize(
        ("device", "medium"),
        [(Tun("t"), "ip"), (Tap("t"), "ethernet"), (RawSocket("t"), "ethernet")],
    )
    def test_a_device_says_what_its_link_carries(
        self, device: Tun | Tap | RawSocket, medium: str
    ) -> None:
        built, name = two_hosts().with_apps({"t": device}).with_line("c", "t", LINK)
        assert _host(built, "c").interfaces[0].medium == medium
        assert built.lines[name].ethernet == (medium == "ethernet")
        assert "c-t/up:received.tx -> t.rx" in links(built)
        assert "t.tx -> c-t/down:sent.rx" in links(built)

    def test_what_does_not_fit_is_refused(self) -> None:
        built = Blueprint().with_apps({"tun": Tun("tun"), "tap": Tap("tap")})
        with pytest.raises(ConfigError, match="tun carries ip and tap carries ethernet"):
            built.with_line("tun", "tap", LINK)

    def test_a_device_may_be_there_already(self) -> None:
        built = two_hosts().with_apps({"t": Tun("t")}).with_apps({"t": Tun("t")})
        with pytest.raises(ConfigError, match='app = "t": there is something of that name'):
            built.with_apps({"t": Tap("t")})


class TestCapture:
    def test_every_direction_is_an_interface_and_the_file_is_opened_last(self) -> None:
        path = Path("out.pcapng")
        built, _ = replace(two_hosts(), capture=path).with_line("a.b", "c", LINK)
        assert built.topology.apps[CAPTURE] == PcapWriter(path, ("a_b-c/up", "a_b-c/down"))
        assert list(built.topology.apps)[-1] == CAPTURE
        assert "a_b-c/down.dropped -> capture.a_b-c/down:dropped" in links(built)

    def test_its_name_is_taken(self) -> None:
        base = Topology({CAPTURE: Join()})
        built = Blueprint(base=base, capture=Path("out.pcapng"))
        with pytest.raises(ConfigError, match='app = "capture": two things of one name'):
            _ = built.topology
        assert dict(Blueprint(base=base).topology.apps) == {CAPTURE: Join()}


class TestRefusals:
    @pytest.mark.parametrize("name", ["c", "C", "lan", "app"])
    def test_one_name_is_one_thing(self, name: str) -> None:
        built = replace(two_hosts(), base=Topology({"app": Sink()})).with_switch("lan")
        with pytest.raises(ConfigError, match="there is something of that name"):
            built.with_host(name, host())
        with pytest.raises(ConfigError, match="there is something of that name"):
            built.with_switch(name)

    def test_a_link_leads_somewhere(self) -> None:
        with pytest.raises(ConfigError, match=r"link: unknown end 'd': one of a\.b, c"):
            two_hosts().with_line("c", "d", LINK)
        with pytest.raises(ConfigError, match="unknown end 'c': one of no host at all yet"):
            Blueprint().with_line("c", "d", LINK)

    @pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b"])
    def test_a_link_has_a_name(self, name: str) -> None:
        with pytest.raises(ConfigError, match="no name for a link"):
            two_hosts().with_line("a.b", "c", LINK, name=name)

    def test_an_app_has_a_name_of_its_own(self) -> None:
        built, name = two_hosts().with_line("a.b", "c", LINK)
        built = replace(built, base=Topology({f"{name}/up": Sink()}))
        with pytest.raises(ConfigError, match="two things of one name"):
            _ = built.topology


def _host(blueprint: Blueprint, name: str) -> HostConfig:
    config = blueprint.topology.apps[name]
    assert isinstance(config, HostConfig)
    return config
