"""Addresses between the module `socket` and the core."""

from __future__ import annotations

import socket

import pytest

from usernet.net import address


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("10.0.0.1", socket.AF_INET),
        ("::1", socket.AF_INET6),
        ("fe80::1%eth0", socket.AF_INET6),
        ("server", socket.AF_UNSPEC),
        ("10.0.0", socket.AF_UNSPEC),
        ("", socket.AF_UNSPEC),
    ],
)
def test_family(host: str, family: int) -> None:
    assert address.family_of(host) == family
    assert address.is_numeric(host) == (family != socket.AF_UNSPEC)


@pytest.mark.parametrize(
    ("given", "family", "core"),
    [
        (("10.0.0.1", 80), socket.AF_INET, ("10.0.0.1", 80)),
        (("", 80), socket.AF_INET, ("0.0.0.0", 80)),
        (("<broadcast>", 80), socket.AF_INET, ("255.255.255.255", 80)),
        (("fd00::1", 80, 0, 0), socket.AF_INET6, ("fd00::1", 80)),
        (("::ffff:10.0.0.1", 80, 0, 0), socket.AF_INET6, ("10.0.0.1", 80)),
        (("::FFFF:10.0.0.1", 80), socket.AF_INET6, ("10.0.0.1", 80)),
        (("", 0), socket.AF_INET6, ("::", 0)),
    ],
)
def test_to_core(given: object, family: int, core: tuple[str, int]) -> None:
    assert address.to_core(given, family) == core


def test_what_is_no_address() -> None:
    with pytest.raises(TypeError, match="a tuple"):
        address.to_core("10.0.0.1", socket.AF_INET)
    with pytest.raises(OverflowError, match="0-65535"):
        address.to_core(("10.0.0.1", 70000), socket.AF_INET)
    with pytest.raises(OSError, match="cannot use the address fd00::1"):
        address.to_core(("fd00::1", 80), socket.AF_INET)


def test_shown_by_an_ipv6_socket_ipv4_wears_ipv6_clothes() -> None:
    assert address.show(("10.0.0.1", 80), socket.AF_INET) == ("10.0.0.1", 80)
    assert address.show(("fd00::1", 80), socket.AF_INET6) == ("fd00::1", 80, 0, 0)
    assert address.show(("10.0.0.1", 80), socket.AF_INET6) == ("::ffff:10.0.0.1", 80, 0, 0)


def test_a_local_address_is_of_the_family_of_the_remote_one() -> None:
    ipv4, ipv6 = ("10.0.0.1", 80), ("fd00::1", 80)
    assert address.any_towards(ipv4) == ("0.0.0.0", 0)
    assert address.any_towards(ipv6) == ("::", 0)
    assert address.towards(ipv4, None) is None
    assert address.towards(ipv4, ("10.0.0.2", 5)) == ("10.0.0.2", 5)
    assert address.towards(ipv4, ("::", 5)) == ("0.0.0.0", 5)
