"""Owners: whose a connection is, by the tables of the system; here of this process."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from usernet.engine.conversation import Conversation
from usernet.sandbox import leftovers, owners

TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP
NETWORK = os.stat("/proc/self/ns/net").st_ino


@pytest.fixture(autouse=True)
def _ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks is no inhabitant; here it is to be the only one."""
    assert os.getpid() not in leftovers.inhabitants(NETWORK)
    monkeypatch.setattr(owners, "inhabitants", lambda network: {os.getpid()} & {network})


def names() -> frozenset[str]:
    comm = Path("/proc/self/comm").read_text().strip()
    return frozenset({comm, Path("/proc/self/exe").readlink().name})


def found(*conversations: Conversation) -> list[frozenset[str]]:
    every = owners.owners(os.getpid(), conversations)
    return [every[one] for one in conversations]


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_both_ends_of_a_connection(family: int, address: str) -> None:
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        with socket.create_connection((address, port)) as client:
            ends = client.getsockname()[:2], client.getpeername()[:2]
            there, back = Conversation(TCP, *ends), Conversation(TCP, *reversed(ends))
            other = Conversation(TCP, ends[0], (address, 1))
            # What nobody has accepted yet is the listener's.
            assert found(there, back, other) == [names(), names(), frozenset()]
            with server.accept()[0]:
                assert found(back) == [names()]


def test_ipv4_on_a_socket_of_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        datagrams.bind(("::", 0))
        local = ("127.0.0.1", datagrams.getsockname()[1])
        assert found(Conversation(UDP, local, ("192.0.2.1", 53))) == [names()]
        assert found(Conversation(TCP, local, ("192.0.2.1", 53))) == [frozenset()]


def test_datagrams_with_and_without_a_peer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        local = datagrams.getsockname()
        one, other = ("127.0.0.1", 9), ("127.0.0.1", 10)
        assert found(Conversation(UDP, local, one)) == [names()]
        datagrams.connect(one)
        answers = found(Conversation(UDP, local, one), Conversation(UDP, local, other))
        assert answers == [names(), frozenset()]
    assert found(Conversation(UDP, local, one)) == [frozenset()]
