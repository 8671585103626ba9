from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from typing import TYPE_CHECKING

from usernet.config.quantity import ByteSize
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig
from usernet.engine.keys import generate, public_key
from usernet.errors import UnknownNameError
from usernet.programs import moving
from usernet.programs.moving import Moving
from usernet.wireguard.status import DeviceStatus, PeerStatus

if TYPE_CHECKING:
    import pytest

SECOND = 1_000_000_000
KEY = public_key(generate())
NAMED = TunnelConfig(
    generate(), (ip_interface("10.0.0.2/32"),), (Peer(KEY, Endpoint("vpn.example.org", 51820)),)
)


def at(address: str) -> TunnelConfig:
    return replace(NAMED, peers=(replace(NAMED.peers[0], endpoint=Endpoint(address, 51820)),))


def status(sent: int, received: int) -> DeviceStatus:
    peer = PeerStatus(KEY, sent=ByteSize(sent), received=ByteSize(received))
    return DeviceStatus("run", KEY, peers=(peer,))


def settled(one: Moving, sent: int, received: int, now: int) -> tuple[Peer, ...] | None:
    """A look, and what it began is over."""
    found = one.look(status(sent, received), now)
    if one._asking is not None:
        one._asking.join()
    return found or one.look(status(sent, received), now)


def test_a_name_is_looked_up_again_when_its_peer_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[TunnelConfig] = []

    def numeric(config: TunnelConfig) -> TunnelConfig:
        asked.append(config)
        return at("192.0.2.2")

    monkeypatch.setattr(moving, "numeric", numeric)
    one = Moving(NAMED, at("192.0.2.1"))
    assert settled(one, 100, 100, 0) is None
    assert settled(one, 200, 100, SECOND) is None
    assert settled(one, 300, 100, 15 * SECOND) is None
    assert asked == []
    assert settled(one, 400, 100, 16 * SECOND) == at("192.0.2.2").peers
    assert asked == [NAMED]
    # It answers there, and is silent again: nothing is new.
    assert settled(one, 500, 200, 20 * SECOND) is None
    assert settled(one, 600, 200, 21 * SECOND) is None
    assert settled(one, 700, 200, 36 * SECOND) is None
    assert len(asked) == 2


def test_a_name_that_is_not_found_any_more_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def numeric(config: TunnelConfig) -> TunnelConfig:
        raise UnknownNameError("gone")

    monkeypatch.setattr(moving, "numeric", numeric)
    one = Moving(NAMED, at("192.0.2.1"))
    assert settled(one, 200, 0, 0) is None
    assert settled(one, 300, 0, 16 * SECOND) is None


def test_addresses_are_not_looked_up() -> None:
    one = Moving(at("192.0.2.1"), at("192.0.2.1"))
    assert settled(one, 200, 0, 0) is None
    assert settled(one, 300, 0, 99 * SECOND) is None
