"""Where peers are: as the machine finds them, and why it does not."""

from __future__ import annotations

import socket

import pytest

from usernet.config.keys import PublicKey
from usernet.config.wireguard import Endpoint, Peer, WireGuard
from usernet.engine.keys import generate, public_key
from usernet.errors import HandshakeError, UnknownNameError
from usernet.wireguard.endpoints import Place, find, numeric, placed, places

V4 = (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", 51820))
V6 = (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("2001:db8::1", 51820, 0, 0))


def test_a_numeric_endpoint_is_where_it_says() -> None:
    assert find(Endpoint("127.0.0.1", 51820)) == Place(Endpoint("127.0.0.1", 51820))


def test_a_name_is_resolved_by_the_machine() -> None:
    assert find(Endpoint("localhost", 7)).numeric in {Endpoint("127.0.0.1", 7), Endpoint("::1", 7)}


def test_a_zone_is_a_number_for_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    info = (*V6[:4], ("fe80::1%eth7", 51820, 0, 7))

    def answer(host: str, port: int, *, type: int) -> list[object]:  # noqa: A002 - its name
        assert (host, port, type) == ("fe80::1%eth7", 51820, socket.SOCK_DGRAM)
        return [info]

    def way(*_: object) -> int:
        return 0

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr("usernet.wireguard.endpoints._way_to", way)
    found = numeric(WireGuard(generate(), (Peer(key(), Endpoint("fe80::1%eth7", 51820)),)))
    assert str(found.peers[0].endpoint) == "[fe80::1%7]:51820"
    assert found.to_core()


def test_a_name_that_is_unknown_is_named() -> None:
    place = find(Endpoint("no-such-name.invalid", 7))
    assert place.numeric is None
    assert "this machine does not find no-such-name.invalid" in place.problem


@pytest.fixture
def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no IPv6: its sockets cannot even be made (socket(2), EAFNOSUPPORT)."""
    real = socket.socket

    def made(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", made)


@pytest.mark.usefixtures("without_ipv6")
def test_an_endpoint_of_ipv6_on_a_machine_without_it_is_named_as_such() -> None:
    place = find(Endpoint("2001:db8::1", 51820))
    assert place == Place(
        problem="2001:db8::1 is an address of IPv6, which this machine has no way out by"
    )


@pytest.mark.usefixtures("without_ipv6")
def test_where_there_is_a_way_by_ipv4_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [V6, V4])
    assert find(Endpoint("vpn.example.org", 51820)) == Place(Endpoint("127.0.0.1", 51820))


def test_peers_get_the_places_that_were_found() -> None:
    here, calls = PublicKey(b"\1" * 32), PublicKey(b"\2" * 32)
    peers = (Peer(here, Endpoint("localhost", 7)), Peer(calls))
    found = places(peers)
    assert found.keys() == {here}
    first, second = placed(peers, found)
    assert first.endpoint is not None
    assert first.endpoint.address is not None
    assert second == peers[1]
    assert placed(peers, {here: Place(problem="no way")})[0].endpoint is None


def key() -> PublicKey:
    return public_key(generate())


def test_names_become_addresses_and_addresses_stay() -> None:
    peers = (
        Peer(key(), Endpoint("localhost", 51820)),
        Peer(key(), Endpoint("2001:db8::1", 51820)),
        Peer(key()),
    )
    found = numeric(WireGuard(generate(), peers))
    assert found.peers[0].public_key == peers[0].public_key
    assert str(found.peers[0].endpoint) in {"127.0.0.1:51820", "[::1]:51820"}
    assert found.peers[1:] == peers[1:]


def test_a_name_that_nobody_knows_is_said() -> None:
    config = WireGuard(generate(), (Peer(key(), Endpoint("nobody.invalid", 1)),))
    with pytest.raises(UnknownNameError, match=r"nobody\.invalid: the endpoint of a peer"):
        numeric(config)


@pytest.mark.usefixtures("without_ipv6")
def test_a_name_without_a_way_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [V6])
    config = WireGuard(generate(), (Peer(key(), Endpoint("vpn.example.org", 1)),))
    with pytest.raises(HandshakeError, match="which this machine has no way out by"):
        numeric(config)
