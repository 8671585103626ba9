"""Tunnels as data: endpoints, peers, their plain form, and what contradicts itself."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address

import pytest

from usernet.config.address import parse_interface_address, parse_subnet
from usernet.config.apps import App, Sink
from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig, UdpSocket, WireGuard
from usernet.errors import ConfigError

OWN = PrivateKey(bytes([1]) * 32)
ONE = PublicKey(bytes([2]) * 32)
OTHER = PublicKey(bytes([3]) * 32)
SHARED = PresharedKey(bytes([4]) * 32)


class TestEndpoint:
    @pytest.mark.parametrize(
        ("text", "host", "port"),
        [
            ("192.0.2.1:51820", "192.0.2.1", 51820),
            ("[2001:db8::1]:1", "2001:db8::1", 1),
            ("[2001:DB8:0::1]:65535", "2001:db8::1", 65535),
            ("vpn.example.org:53", "vpn.example.org", 53),
            ("[fe80::1%eth0]:53", "fe80::1%eth0", 53),
        ],
    )
    def test_text(self, text: str, host: str, port: int) -> None:
        assert Endpoint.parse(text) == Endpoint(host, port)
        assert Endpoint.parse(str(Endpoint(host, port))) == Endpoint(host, port)

    def test_an_address_is_told_from_a_name(self) -> None:
        assert Endpoint.parse("192.0.2.1:1").address == IPv4Address("192.0.2.1")
        assert Endpoint.parse("[::1]:1").address == IPv6Address("::1")
        assert Endpoint.parse("db.internal:1").address is None
        texts = ("192.0.2.1:1", "[::1]:1", "[fe80::1%3]:1", "[fe80::1%eth0]:1", "db.internal:1")
        numeric = [Endpoint.parse(text).is_numeric for text in texts]
        assert numeric == [True, True, True, False, False]

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "no endpoint"),
            ("192.0.2.1", "no endpoint"),
            ("192.0.2.1:0", "no endpoint"),
            ("192.0.2.1:65536", "no endpoint"),
            ("192.0.2.1:http", "no endpoint"),
            ("192.0.2.1:-1", "no endpoint"),
            ("192.0.2.1:٣", "no endpoint"),
            ("::1:51820", "no endpoint"),
            ("[192.0.2.1]:1", "brackets are for IPv6"),
            ("[2001:db8::1%eth0]:1", "a zone is for link-local addresses"),
            ("[nothing]:1", "no address"),
            ("192.0.2.256:1", "no address"),
            ("a b:1", "no name for a host"),
        ],
    )
    def test_what_is_none(self, text: str, problem: str) -> None:
        with pytest.raises(ConfigError) as told:
            Endpoint.parse(text, "peers[0].endpoint")
        assert (told.value.problem, told.value.value) == (problem, text)
        assert told.value.path == "peers[0].endpoint"
        assert "192.0.2.1:51820" in told.value.allowed


class TestPeer:
    @pytest.mark.parametrize("seconds", [-1, 0, 65536])
    def test_intervals_are_bounded(self, seconds: int) -> None:
        with pytest.raises(ConfigError, match="1 to 65535 seconds"):
            Peer(ONE, persistent_keepalive=seconds)

    def test_plain(self) -> None:
        peer = Peer(
            ONE,
            Endpoint("2001:db8::1", 7),
            (parse_subnet("10.0.0.0/8"), parse_subnet("fd00::1/128")),
            SHARED,
            25,
        )
        assert peer.to_core() == {
            "public_key": "02" * 32,
            "preshared_key": "04" * 32,
            "endpoint": "[2001:db8::1]:7",
            "allowed_ips": ["10.0.0.0/8", "fd00::1/128"],
            "persistent_keepalive": 25,
        }


class TestWireGuard:
    def test_plain(self) -> None:
        assert WireGuard(OWN).to_core() == {
            "app": "wireguard",
            "private_key": "01" * 32,
            "mtu": 1420,
            "port": 0,
            "address": None,
            "lookup": False,
            "workers": 0,
            "peers": [],
        }
        peers = (Peer(ONE), Peer(OTHER, allowed_ips=(parse_subnet("::/0"),)))
        plain = WireGuard(OWN, peers, 1280, 51820).to_core()
        assert plain["peers"] == [peer.to_core() for peer in peers]
        assert (plain["mtu"], plain["port"]) == (1280, 51820)
        plain = WireGuard(OWN, address=IPv4Address("192.0.2.1")).to_core()
        assert plain["address"] == "192.0.2.1"
        assert WireGuard(OWN, lookup=True).to_core()["lookup"] is True
        json.dumps(plain)

    def test_it_is_an_app_that_keeps_its_sessions_with_its_key(self) -> None:
        app = WireGuard(OWN)
        assert isinstance(app, App)
        assert app.keeps_state(WireGuard(OWN, (Peer(ONE),), 1280, 7))
        assert not app.keeps_state(WireGuard(PrivateKey(bytes(32))))
        assert not app.keeps_state(WireGuard(OWN, workers=1))
        assert not app.keeps_state(Sink())

    @pytest.mark.parametrize("workers", [-1, 65])
    def test_workers_out_of_range(self, workers: int) -> None:
        with pytest.raises(ConfigError, match="no number of workers") as told:
            WireGuard(OWN, workers=workers)
        assert (told.value.path, WireGuard(OWN, workers=64).workers) == ("workers", 64)

    def test_a_name_is_not_for_the_engine(self) -> None:
        app = WireGuard(OWN, (Peer(ONE), Peer(OTHER, Endpoint("vpn.example.org", 51820))))
        with pytest.raises(ConfigError, match="does not look up") as told:
            app.to_core()
        assert told.value.path == "peers[1].endpoint"

    def test_a_network_is_one_peers(self) -> None:
        net = parse_subnet("10.0.0.0/8")
        with pytest.raises(ConfigError, match="has this network already") as told:
            WireGuard(OWN, (Peer(ONE, None, (net,)), Peer(OTHER, None, (net,))))
        assert told.value.path == "peers[1].allowed_ips"
        assert str(ONE) in str(told.value)
        assert "10.0.0.0/8" in str(told.value)

    def test_a_network_in_a_network_may_be_anothers(self) -> None:
        wide, narrow = parse_subnet("10.0.0.0/8"), parse_subnet("10.1.0.0/16")
        app = WireGuard(OWN, (Peer(ONE, None, (wide, wide)), Peer(OTHER, None, (narrow,))))
        assert len(app.peers) == 2

    def test_a_peer_is_there_once(self) -> None:
        with pytest.raises(ConfigError, match="a peer is there twice") as told:
            WireGuard(OWN, (Peer(ONE), Peer(OTHER), Peer(ONE)))
        assert told.value.path == "peers[2].public_key"

    @pytest.mark.parametrize("port", [-1, 65536])
    def test_ports_are_bounded(self, port: int) -> None:
        with pytest.raises(ConfigError, match="0 to 65535"):
            WireGuard(OWN, port=port)

    def test_the_mtu_is_one(self) -> None:
        with pytest.raises(ConfigError, match="no MTU"):
            WireGuard(OWN, mtu=67)

    def test_no_secret_is_shown(self) -> None:
        app = WireGuard(OWN, (Peer(ONE, preshared_key=SHARED),))
        shown = repr(app)
        assert OWN.hex() not in shown
        assert OWN.reveal() not in shown
        assert SHARED.reveal() not in shown
        assert repr(ONE) in shown


class TestUdpSocket:
    def test_plain(self) -> None:
        assert UdpSocket().to_core() == {"app": "udp_socket", "port": 0, "address": None}
        assert UdpSocket(7, "::1").to_core() == {"app": "udp_socket", "port": 7, "address": "::1"}
        assert isinstance(UdpSocket(), App)
        assert not UdpSocket().keeps_state(UdpSocket())

    def test_what_is_none(self) -> None:
        with pytest.raises(ConfigError, match="no port"):
            UdpSocket(65536)
        with pytest.raises(ConfigError, match="no address"):
            UdpSocket(0, "localhost")


class TestTunnelConfig:
    ADDRESSES = (parse_interface_address("10.0.0.2/24"),)

    def test_what_is_not_said(self) -> None:
        config = TunnelConfig(OWN, self.ADDRESSES, (Peer(ONE),))
        assert (config.dns, config.search, config.mtu, config.listen_port) == ((), (), None, None)
        assert OWN.reveal() not in repr(config)

    def test_it_is_checked_as_a_device_is(self) -> None:
        net = parse_subnet("10.0.0.0/8")
        with pytest.raises(ConfigError, match="has this network already"):
            TunnelConfig(OWN, self.ADDRESSES, (Peer(ONE, None, (net,)), Peer(OTHER, None, (net,))))
        with pytest.raises(ConfigError, match="no MTU"):
            TunnelConfig(OWN, self.ADDRESSES, (), mtu=1)
        with pytest.raises(ConfigError, match="listen_port"):
            TunnelConfig(OWN, self.ADDRESSES, (), listen_port=65536)
