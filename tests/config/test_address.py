"""Addresses, subnets, names and MTUs: what is read, and what is refused."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from usernet.config import address
from usernet.errors import ConfigError


@pytest.mark.parametrize("name", ["a", "server", "db.internal", "h-1", "A_b", "1st", "x" * 253])
def test_names(name: str) -> None:
    assert address.parse_host_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "-a", "a-", ".a", "a.", "a..b", "10.0.0.1", "7", "fd00::1", "ü", "x" * 254, 5],
)
def test_names_refused(name: object) -> None:
    with pytest.raises(ConfigError, match="no name for a host"):
        address.parse_host_name(name)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("10.0.0.1/24", "10.0.0.1/24"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("10.0.0.0", "10.0.0.0/32"),
        ("fd00::1/64", "fd00::1/64"),
        ("fd00::", "fd00::/128"),
        (ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
    ],
)
def test_interface_addresses(text: object, meaning: str) -> None:
    assert address.parse_interface_address(text) == ip_interface(meaning)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.1/33", "no address"),
        ("10.0.0", "no address"),
        ("server", "no address"),
        (5, "no address"),
        ("10.0.0.0/24", "the subnet address itself"),
        ("10.0.0.255/24", "the broadcast address itself"),
        ("224.0.0.1/24", "no address that a host can have"),
        ("255.255.255.255", "no address that a host can have"),
        ("0.0.0.0", "no address that a host can have"),
        ("127.0.0.1/8", "no address that a host can have"),
        ("ff02::1", "no address that a host can have"),
        ("::1", "no address that a host can have"),
        ("fe80::1%eth0", "an address with a zone"),
        ("::ffff:10.0.0.1", "an IPv4 address in IPv6's clothes"),
    ],
)
def test_interface_addresses_refused(text: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        address.parse_interface_address(text, "server.addresses")
    assert str(caught.value).startswith(f'server.addresses = "{text}": {problem}')


def test_addresses() -> None:
    assert address.parse_address("10.0.0.1") == ip_address("10.0.0.1")
    assert address.parse_address(ip_address("fd00::1")) == ip_address("fd00::1")
    with pytest.raises(ConfigError, match=r'gateway = "10.0.0.1/8": no address: such as'):
        address.parse_address("10.0.0.1/8", "gateway")


def test_subnets() -> None:
    assert address.parse_subnet("10.0.0.0/8") == ip_network("10.0.0.0/8")
    assert address.parse_subnet("default") == ip_network("0.0.0.0/0")
    assert address.parse_subnet("::/0") == ip_network("::/0")
    with pytest.raises(ConfigError, match="bits behind the prefix"):
        address.parse_subnet("10.0.0.1/8")
    with pytest.raises(ConfigError, match="no subnet"):
        address.parse_subnet("everything")


@pytest.mark.parametrize(("value", "size"), [(1280, 1280), ("9000b", 9000), ("9kb", 9216)])
def test_mtus(value: object, size: int) -> None:
    assert address.parse_mtu(value) == size


@pytest.mark.parametrize("value", [67, 0, 65536, "65kb", "1500", True, -1, None])
def test_mtus_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"mtu( = |: )"):
        address.parse_mtu(value)
