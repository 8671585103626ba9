"""A tunnel of this process as a way, and, by the same tests, one that an agent holds."""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING

import pytest

from usernet.errors import EngineError, HandshakeError, UnknownNameError
from usernet.tunnel.agent_client import AgentWay
from usernet.tunnel.choice import WayOptions, way
from usernet.tunnel.own import OwnWay

from .test_tunnel import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usernet.tunnel.way import Listener, Way

    from .private_network import PrivateNetwork


@pytest.fixture(params=["own", "agent"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def network(
    private_network: PrivateNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[PrivateNetwork]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with private_network.entered():
        yield private_network


@pytest.fixture
def to(network: PrivateNetwork, kind: str) -> Iterator[Way]:
    with way(WayOptions((str(network.file),), agent=kind == "agent", idle=60)) as made:
        assert isinstance(made, {"own": OwnWay, "agent": AgentWay}[kind])
        yield made
        if isinstance(made, AgentWay):
            made.stop()


def read_all(connection: socket.socket) -> bytes:
    with connection, connection.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize(("port", "end"), [(7, "closed"), (8, "reset")])
def test_who_follows_a_connection_is_told_how_it_ended(to: Way, port: int, end: str) -> None:
    followed = to.follow("db.internal", port, timeout=20)
    followed.stream.sendall(b"x")
    followed.stream.shutdown(socket.SHUT_WR)
    assert read_all(followed.stream) == (b"x" if end == "closed" else b"")
    assert followed.ended() == end


def test_bytes_go_both_ways_and_each_end_is_told(to: Way) -> None:
    connection = to.dial("db.internal", 7, timeout=20)
    connection.sendall(b"x" * 200_000)
    connection.shutdown(socket.SHUT_WR)
    assert read_all(connection) == b"x" * 200_000


def test_a_socket_of_the_callers_is_carried(to: Way) -> None:
    ours, theirs = socket.socketpair()
    to.dial_for(theirs, "10.7.0.1", 7, greeting=b"\x05\x00\xff", timeout=20)
    assert theirs.fileno() == -1
    ours.sendall(b"hi")
    ours.shutdown(socket.SHUT_WR)
    assert read_all(ours) == b"\x05\x00\xffhi"


def test_a_socket_is_the_callers_where_nobody_is_reached(to: Way) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(ConnectionRefusedError) as caught:
            to.dial_for(theirs, "10.7.0.1", 81, timeout=20)
        assert caught.value.filename == "10.7.0.1:81"
        theirs.sendall(b"still here")
        assert ours.recv(100) == b"still here"


def test_names(to: Way) -> None:
    assert sorted(to.resolve("www")) == ["10.7.0.1", "fd07::1"]
    assert to.resolve("www", socket.AF_INET6, timeout=20) == ["fd07::1"]
    assert to.resolve("10.7.0.9") == ["10.7.0.9"]
    with pytest.raises(UnknownNameError, match=r"dc\.internal: no such name, says 10\.7\.0\.1"):
        to.resolve("dc.internal")


def test_no_way_is_told(to: Way) -> None:
    for host, number in (("192.0.2.1", errno.ENETUNREACH), ("10.8.0.1", errno.EHOSTUNREACH)):
        with pytest.raises(OSError, match=r"unreachable|No route") as caught:
            to.dial(host, 80, timeout=20)
        assert (caught.value.errno, caught.value.filename) == (number, f"{host}:80")


def test_a_peer_that_does_not_answer_is_told(network: PrivateNetwork, kind: str) -> None:
    file = network.write(network.text(peer=NOBODY))
    with way(WayOptions((str(file),), agent=kind == "agent")) as made:
        with pytest.raises(HandshakeError, match=r"within 0\.3 s"):
            made.dial("10.7.0.1", 7, timeout=0.3)
        with pytest.raises(HandshakeError, match=r"within 0\.1 s"):
            made.handshake(0.1)
        if isinstance(made, AgentWay):
            made.stop()


def test_echo_requests_and_what_it_is_doing(to: Way) -> None:
    to.handshake(20)
    answer = to.ping("10.7.0.1", number=7, timeout=20)
    assert (answer.asked, answer.is_reply) == ("10.7.0.1", True)
    # Datagrams: where something listens, and where nothing does.
    assert to.ping("10.7.0.1", port=7, timeout=20).is_reply
    answer = to.ping("10.7.0.1", port=33434, timeout=20)
    assert (answer.kind, answer.code, answer.is_at_the_end) == (3, 3, True)
    (peer,) = to.status().peers
    assert peer.latest_handshake is not None
    assert peer.endpoint == "127.0.0.1:51820"


def test_datagrams_to_addresses_and_names(to: Way) -> None:
    with to.datagrams() as end:
        assert end.send(b"by address", "10.7.0.1", 7)
        assert end.receive(20) == (b"by address", "10.7.0.1", 7)
        assert end.send(b"six", "fd07::1", 7)
        assert end.receive(20) == (b"six", "fd07::1", 7)
        assert end.send(b"by name", "db.internal", 7)
        data, host, port = end.receive(20)
        assert (data, port) == (b"by name", 7)
        assert host in {"10.7.0.1", "fd07::1"}
        assert end.address[1] > 0


def test_connections_from_the_network(to: Way) -> None:
    to.handshake(20)
    with to.listen(8000) as listener:
        assert listener.address == ("10.7.0.2", 8000)
        for host in ("10.7.0.2", "fd07::2"):
            with socket.create_connection((host, 8000), 20) as client:
                connection, address = listener.accept(20)
                assert address == client.getsockname()[:2]
                connection.sendall(b"hello")
                connection.close()
                assert client.recv(100) == b"hello"
        with pytest.raises(OSError, match=r"in use|already") as caught:
            to.listen(8000)
        assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(EngineError):
        listener.accept()


def listening_again(to: Way, port: int) -> Listener:
    """Listen where somebody has just let go, which the tunnel hears of in its own time."""
    until = time.monotonic() + 20
    while True:
        try:
            return to.listen(port)
        except OSError:
            if time.monotonic() > until:
                raise


def test_what_was_accepted_goes_on_when_nobody_listens_any_more(to: Way) -> None:
    to.handshake(20)
    with to.listen(8001) as listener:
        client = socket.create_connection(("10.7.0.2", 8001), 20)
        connection, _ = listener.accept(20)
    with client, connection:
        connection.sendall(b"still")
        assert client.recv(100) == b"still"
        with listening_again(to, 8001) as again:  # nobody has the port any more
            assert again.address == ("10.7.0.2", 8001)


def test_a_way_that_is_closed_says_so(to: Way) -> None:
    if isinstance(to, AgentWay):
        to.stop()
    to.close()
    with pytest.raises(EngineError):
        to.dial("10.7.0.1", 7)
