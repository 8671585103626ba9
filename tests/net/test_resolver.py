"""Resolver: names of the network, in the order in which they should be tried."""

from __future__ import annotations

import socket

import pytest

from usernet.engine.statistics import Statistics
from usernet.net import resolver
from usernet.net.bridge import Bridge

from .fake_core import Engine


class Names:
    """A network of one name with many addresses."""

    def __init__(self, *own: str) -> None:
        self.engine = Engine({"here": list(own)})
        self.bridge = Bridge(self.engine)

    def addresses_of(self, name: str, family: int) -> list[str]:
        known = {
            ("there", socket.AF_INET): ["10.0.0.2", "10.0.0.3"],
            ("there", socket.AF_INET6): ["fd00::2", "2001:db8::2"],
        }
        return known.get((name, socket.AddressFamily(family)), [])

    def statistics(self) -> Statistics:
        return Statistics.from_core(self.engine.statistics())

    def name_of(self, address: str) -> str | None:
        return "there" if address == "10.0.0.2" else None


def addresses(host: str | bytes | None, *own: str, family: int = 0, flags: int = 0) -> list[str]:
    infos = resolver.address_infos(
        Names(*own),
        "here",
        host,
        80,
        type=socket.SOCK_STREAM,
        family=family,
        flags=flags,
    )
    return [info[4][0] for info in infos]


BOTH = ("10.0.0.1", "fd00::1")


@pytest.mark.parametrize(
    ("host", "own", "keys", "found"),
    [
        ("there", BOTH, {}, ["2001:db8::2", "10.0.0.2", "10.0.0.3", "fd00::2"]),
        (b"there", ("10.0.0.1",), {}, ["10.0.0.2", "10.0.0.3", "2001:db8::2", "fd00::2"]),
        ("there", BOTH, {"family": socket.AF_INET}, ["10.0.0.2", "10.0.0.3"]),
        ("there", BOTH, {"family": socket.AF_INET6}, ["2001:db8::2", "fd00::2"]),
        ("10.9.9.9", BOTH, {}, ["10.9.9.9"]),
        ("::1", BOTH, {}, ["::1"]),
        (None, BOTH, {"flags": socket.AI_PASSIVE}, ["0.0.0.0", "::"]),
        ("localhost", ("10.0.0.1",), {}, ["127.0.0.1", "::1"]),
    ],
)
def test_addresses(
    host: str | bytes | None, own: tuple[str, ...], keys: dict[str, int], found: list[str]
) -> None:
    assert addresses(host, *own, **keys) == found


def test_kinds_and_services() -> None:
    infos = resolver.address_infos(Names(), "here", "10.0.0.2", "https")
    assert [(info[1], info[2], info[4]) for info in infos] == [
        (socket.SOCK_STREAM, socket.IPPROTO_TCP, ("10.0.0.2", 443)),
        (socket.SOCK_DGRAM, socket.IPPROTO_UDP, ("10.0.0.2", 443)),
        (socket.SOCK_RAW, 0, ("10.0.0.2", 443)),
    ]
    flags = int(socket.AI_CANONNAME)
    (info, *_) = resolver.address_infos(Names(), "here", "there", None, flags=flags)
    assert (info[3], info[4][1]) == ("there", 0)


@pytest.mark.parametrize(
    ("host", "port", "keys", "problem"),
    [
        ("nowhere", 80, {}, "not known: nowhere"),
        ("10.0.0.2", 80, {"family": socket.AF_INET6}, "not known"),
        ("there", 80, {"flags": socket.AI_NUMERICHOST}, "not known"),
        ("there", "no-such-service", {}, "no such service"),
        ("there", 80, {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_UDP}, "socktype"),
    ],
)
def test_errors(host: str, port: int | str, keys: dict[str, int], problem: str) -> None:
    with pytest.raises(socket.gaierror, match=problem):
        resolver.address_infos(Names(), "here", host, port, **keys)  # type: ignore[arg-type]


def test_names_of_addresses() -> None:
    def info(host: str, flags: int = 0) -> tuple[str, str]:
        return resolver.name_info(Names(), (host, 80), flags)

    assert info("10.0.0.2") == ("there", "http")
    assert info("::ffff:10.0.0.2") == ("there", "http")
    assert info("10.0.0.7") == ("10.0.0.7", "http")
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert info("10.0.0.2", numeric) == ("10.0.0.2", "80")
    with pytest.raises(socket.gaierror, match="no host has the address"):
        info("10.0.0.7", socket.NI_NAMEREQD)
    with pytest.raises(socket.gaierror, match="not a numeric"):
        info("there")
