"""A program's network that is a tunnel's, as data: what it is like, and what its graph joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from usernet.config.apps import Tun
from usernet.config.link import Link
from usernet.engine.keys import generate, public_key
from usernet.errors import ConfigError
from usernet.net.emulation import topology
from usernet.net.line import CAPTURE
from usernet.programs.outside import Outside
from usernet.programs.private import Private
from usernet.programs.published import published
from usernet.sandbox.resolver import Resolver
from usernet.wireguard.file import loads

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.config.keys import PublicKey
    from usernet.config.wireguard import TunnelConfig

OUTSIDE = Outside(Resolver(("192.168.1.1",), ("search home",)), "127.0.0.1 localhost\n", (), True)
TUN = Tun("usernet0", 9)


def key() -> PublicKey:
    return public_key(generate())


def config(*interface: str, allowed: str = "10.0.0.0/8, fd00::/16") -> TunnelConfig:
    lines = (f"PrivateKey = {generate().reveal()}", *interface)
    peer = f"[Peer]\nPublicKey = {key()}\nAllowedIPs = {allowed}\nEndpoint = 192.0.2.1:51820\n"
    return loads("[Interface]\n" + "\n".join(lines) + "\n" + peer)


def private(
    *interface: str, allowed: str = "10.0.0.0/8, fd00::/16", mtu: int | None = None
) -> Private:
    given = interface or ("Address = 10.0.0.2/24, fd00::2/64",)
    return Private.of(config(*given, allowed=allowed), OUTSIDE, mtu)


def gateway(made: Private) -> dict[str, Any]:
    """What the core is told of the gateway."""
    return made.ends(TUN, None).beyond.apps["gateway"].to_core()


class TestWhatItIsLike:
    def test_each_address_is_alone_and_the_allowed_ips_lead_into_the_tunnel(self) -> None:
        plan = private().plan()
        assert list(map(str, plan.addresses)) == ["10.0.0.2/32", "fd00::2/128", "192.0.0.2/29"]
        assert [(str(one.to), one.via) for one in plan.routes] == [
            ("10.0.0.0/8", None),
            ("fd00::/16", None),
        ]
        assert plan.mtu == 1420

    def test_nothing_of_a_family_without_an_address_leads_there(self) -> None:
        plan = private("Address = 10.0.0.2/24", allowed="0.0.0.0/0, ::/0").plan()
        assert [str(one.to) for one in plan.routes] == ["0.0.0.0/0"]

    def test_the_files_servers_and_domains_are_asked(self) -> None:
        plan = private("Address = 10.0.0.2/24", "DNS = 10.0.0.53, 10.0.0.54, internal, lan").plan()
        assert plan.resolver == "search internal lan\nnameserver 10.0.0.53\nnameserver 10.0.0.54\n"

    def test_a_server_outside_the_tunnel_is_asked_by_the_machine(self) -> None:
        made = private("Address = 10.0.0.2/24", "DNS = 10.0.0.53, 1.1.1.1")
        assert made.plan().resolver == "nameserver 10.0.0.53\nnameserver 192.0.0.4\n"
        assert gateway(made)["redirects"] == [
            {"from": "192.0.0.3", "to": "127.0.0.1", "otherwise": "::1"},
            {"from": "192.0.0.4:53", "to": "1.1.1.1:53", "otherwise": None},
        ]

    def test_without_servers_the_machines_own_are_asked(self) -> None:
        made = private()
        assert made.plan().resolver == "search home\nnameserver 192.0.0.1\n"
        redirects = gateway(made)["redirects"]
        assert {"from": "192.0.0.1:53", "to": "192.168.1.1:53", "otherwise": None} in redirects

    def test_the_mtu_is_the_options_or_the_files(self) -> None:
        assert private("Address = 10.0.0.2/24", "MTU = 1300").plan().mtu == 1300
        assert private("Address = 10.0.0.2/24", "MTU = 1300", mtu=1280).plan().mtu == 1280
        with pytest.raises(ConfigError, match="too small for IPv6"):
            private(mtu=1279)


class TestItsGraph:
    def test_the_line_is_outside_and_the_program_inside(self) -> None:
        ends = private().ends(TUN, None)
        assert set(map(str, ends.beyond.links)) == {
            "program.tx -> program/part.rx",
            "program/part.0 -> gateway.rx",
            "program/part.rest -> first.inside",
            "first.inside -> program/back.0",
            "gateway.tx -> program/back.1",
            "program/back.tx -> program.rx",
        }
        links = topology(Link(), ends).links
        assert {one.from_port for one in links if one.from_app == "first"} == {"inside", "outside"}
        assert {one.to_port for one in links if one.to_app == "second"} == {"rx"}

    def test_a_capture_has_the_wire_and_what_is_in_it(self, tmp_path: Path) -> None:
        graph = topology(Link(), private().ends(TUN, tmp_path / "out.pcapng"))
        written = graph.apps[CAPTURE].to_core()
        assert written["interfaces"] == ["up", "down", "inside/up", "inside/down"]
        joined = {str(link) for link in graph.links if link.to_app == CAPTURE}
        assert {
            "inside/up.copy -> capture.inside/up",
            "inside/down.copy -> capture.inside/down",
        } <= joined

    def test_published_ports_lead_to_where_answers_come_back(self) -> None:
        both = (published("8080:80"), published("[::1]:8081:81/udp"))
        outside = Outside(OUTSIDE.resolver, "", both, with_machine=False)
        made = Private.of(config("Address = 10.0.0.2/24"), outside, None)
        assert gateway(made)["publish"] == [
            {"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"},
            {"protocol": "udp", "listen": "[::1]:8081", "to": "192.0.0.2:81"},
        ]
        assert gateway(made)["masquerade"] is True
        assert {"from": "192.0.0.3", "to": None, "otherwise": None} in gateway(made)["redirects"]
