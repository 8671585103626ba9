"""Addresses, subnets, names and MTUs of hosts, as text."""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import TypeAlias, cast

from usernet.errors import ConfigError

__all__ = [
    "Address",
    "InterfaceAddress",
    "Subnet",
    "parse_address",
    "parse_host_name",
    "parse_interface_address",
    "parse_mtu",
    "parse_subnet",
]

Address: TypeAlias = IPv4Address | IPv6Address
"""An address."""
InterfaceAddress: TypeAlias = IPv4Interface | IPv6Interface
"""An address with the length of its subnet's prefix: ``10.0.0.1/24``."""
Subnet: TypeAlias = IPv4Network | IPv6Network
"""A subnet."""

LEAST_MTU = 68
"""RFC 791, 3.2."""
LEAST_MTU_IPV6 = 1280
"""RFC 8200, 5."""
LARGEST_MTU = 65535
"""The length of an IPv4 packet has 16 bits."""

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_LONGEST_NAME = 253  # RFC 1035, 3.1, as text
_EVERYBODY = IPv4Address("255.255.255.255")
_POINT_TO_POINT = 31  # RFC 3021: both addresses of such a subnet are hosts


def parse_host_name(value: object, path: str = "name") -> str:
    """Read the name of a host: letters, digits, ``-``, ``_`` and ``.``, and no address.

    Raises:
        ConfigError: It is none.
    """
    text = value if isinstance(value, str) else ""
    plain = _NAME.fullmatch(text) and len(text) <= _LONGEST_NAME and ".." not in text
    if not plain or re.fullmatch(r"[\d.]+", text, re.ASCII):
        allowed = "letters, digits, - and _, with dots between, as db.internal"
        raise ConfigError("no name for a host", path=path, value=value, allowed=allowed)
    return text


def parse_interface_address(value: object, path: str = "addresses") -> InterfaceAddress:
    """Read ``10.0.0.1/24`` or ``fd00::1/64``; without a prefix length the subnet is the address.

    Raises:
        ConfigError: It is not one, or none that a host can have.
    """
    try:
        address = ip_interface(value if isinstance(value, str) else str(value))
    except ValueError:
        allowed = "such as 10.0.0.1/24 or fd00::1/64"
        raise ConfigError("no address", path=path, value=str(value), allowed=allowed) from None
    if problem := _unusable(address):
        raise ConfigError(problem, path=path, value=str(value), allowed="an address of one host")
    return address


def parse_address(value: object, path: str = "address") -> Address:
    """Read ``10.0.0.1`` or ``fd00::1``.

    Raises:
        ConfigError: It is not one.
    """
    try:
        return ip_address(value if isinstance(value, str) else str(value))
    except ValueError:
        allowed = "such as 10.0.0.1 or fd00::1"
        raise ConfigError("no address", path=path, value=str(value), allowed=allowed) from None


def parse_subnet(value: object, path: str = "to") -> Subnet:
    """Read ``10.0.0.0/24``, ``fd00::/64``, or ``default`` for IPv4's.

    Raises:
        ConfigError: It is not one, or has bits behind its prefix.
    """
    try:
        return ip_network("0.0.0.0/0" if value == "default" else str(value))
    except ValueError as error:
        problem = "bits behind the prefix" if "host bits" in str(error) else "no subnet"
        allowed = "such as 10.0.0.0/24 or fd00::/64"
        raise ConfigError(problem, path=path, value=str(value), allowed=allowed) from None


def parse_mtu(value: object, path: str = "mtu") -> int:
    """Read an MTU: bytes of the largest IP packet, as a number or with its unit.

    Raises:
        ConfigError: It is none, or below IPv4's least (RFC 791) or above its largest packet.
    """
    is_number = isinstance(value, int) and not isinstance(value, bool)
    size = cast("int", value) if is_number else _bytes(value, path)
    if not LEAST_MTU <= size <= LARGEST_MTU:
        allowed = f"{LEAST_MTU} to {LARGEST_MTU} bytes"
        raise ConfigError("no MTU", path=path, value=str(value), allowed=allowed)
    return size


def _bytes(value: object, path: str) -> int:
    from usernet.config import units  # noqa: PLC0415 - start-up time

    return units.byte_count(value, path=path)  # type: ignore[arg-type]


def _unusable(address: InterfaceAddress) -> str | None:
    """Why no host can have this address."""
    ip, network = address.ip, address.network
    if isinstance(address, IPv6Interface) and address.scope_id:
        return "an address with a zone"
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return "an IPv4 address in IPv6's clothes"
    if ip.is_multicast or ip.is_unspecified or ip.is_loopback or ip == _EVERYBODY:
        return "no address that a host can have"
    whole = isinstance(network, IPv4Network) and network.prefixlen < _POINT_TO_POINT
    if whole and ip in {network.network_address, network.broadcast_address}:
        return f"the {'subnet' if ip == network.network_address else 'broadcast'} address itself"
    return None
