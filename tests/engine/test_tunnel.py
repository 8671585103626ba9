"""Peers of a tunnel that come and go, over the border; how they answer is in tests/net."""

from __future__ import annotations

import errno
import json

import pytest

from usernet import _core
from usernet.config.apps import Sink
from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.topology import Topology
from usernet.config.wireguard import Endpoint, Peer, UdpSocket, WireGuard
from usernet.engine import Engine
from usernet.engine.keys import public_key
from usernet.errors import ConfigError

OWN = PrivateKey(b"\1" * 32)
OTHER = public_key(PrivateKey(b"\2" * 32))


@pytest.fixture
def engine() -> Engine:
    engine = Engine(virtual=True)
    engine.configure(Topology().with_app("wg", WireGuard(OWN)).with_app("sink", Sink()))
    return engine


def peers(engine: Engine) -> object:
    engine.advance(engine.now() + 1)
    return engine.statistics().apps["wg"]["peers"]


def test_peers_come_and_go(engine: Engine) -> None:
    tunnel = engine.tunnel("wg")
    tunnel.set(Peer(OTHER, Endpoint("192.0.2.1", 7), (), PresharedKey(b"\5" * 32), 25))
    expected = {
        "public_key": OTHER.hex(),
        "has_preshared_key": True,
        "endpoint": "192.0.2.1:7",
        "allowed_ips": [],
        "persistent_keepalive": 25,
        "latest_handshake": None,
        "handshake_age": None,
        "unanswered_since": None,
        "received": 0,
        "sent": 148,
        "dropped": 0,
    }
    assert peers(engine) == [expected]
    engine.configure(engine.topology.with_app("wg", WireGuard(OWN, mtu=1280)))
    assert peers(engine) == [expected]
    assert tunnel.remove(OTHER)
    assert not tunnel.remove(OTHER)
    assert peers(engine) == []
    assert tunnel.strangers() == []
    tunnel.refuse(OTHER)


def test_what_is_no_peer_is_told_without_its_secrets(engine: Engine) -> None:
    tunnel = engine.tunnel("wg")
    with pytest.raises(ConfigError, match="the tunnel's own key"):
        tunnel.set(Peer(public_key(OWN)))
    with pytest.raises(ConfigError, match="has no key that anybody can have"):
        tunnel.set(Peer(PublicKey(b"\1" + b"\0" * 31)))
    with pytest.raises(ConfigError, match="a name, which the engine does not look up"):
        tunnel.set(Peer(OTHER, Endpoint("vpn.example.org", 7)))
    core = _core.Engine(0, virtual=True, precise=False, busy_poll=True)
    actions = [{"do": "start", "name": "wg", "app": WireGuard(OWN).to_core()}]
    core.apply(json.dumps(actions))
    bad = Peer(OTHER).to_core() | {"preshared_key": "5e" * 33}
    for text in (json.dumps(bad), json.dumps(bad)[:-1]):
        with pytest.raises(ConfigError) as told:
            core.tunnel("wg").set_peer(text)
        assert "5e5e" not in str(told.value)


def test_only_a_tunnel_is_one(engine: Engine) -> None:
    for name in ("sink", "nobody"):
        with pytest.raises(ConfigError, match=f"there is no tunnel {name}"):
            engine.tunnel(name)
    tunnel = engine.tunnel("wg")
    engine.configure(Topology())
    with pytest.raises(ConfigError, match="the tunnel has stopped"):
        tunnel.strangers()


def test_a_port_that_is_somebody_elses_is_the_systems_own_error() -> None:
    first, second = Engine(), Engine()
    first.configure(Topology().with_app("udp", UdpSocket(address="127.0.0.1")))
    port = first.statistics().apps["udp"]["port"]
    assert isinstance(port, int)
    with pytest.raises(OSError, match="UDP port") as told:
        second.configure(Topology().with_app("udp", UdpSocket(port, "127.0.0.1")))
    assert told.value.args == (errno.EADDRINUSE, f"UDP port {port} of 127.0.0.1")
    with pytest.raises(OSError, match="this machine has no such address"):
        second.configure(Topology().with_app("udp", UdpSocket(0, "198.51.100.1")))
    first.stop()
    second.stop()


def test_sockets_need_real_time(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="a udp_socket needs real time"):
        engine.configure(engine.topology.with_app("udp", UdpSocket()))
