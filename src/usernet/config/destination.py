"""Destinations: which packets of IP go to which subnets, as a filter that needs no compiler."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usernet.config.address import Subnet
    from usernet.config.apps import Program

__all__ = ["to_subnets"]

_WORD, _BYTE, _AND, _EQUAL, _RETURN = 0x20, 0x30, 0x54, 0x15, 0x06
"""Load by offset, and, jump if equal, return (BPF paper; bpf_common.h)."""
_ALL = 262_144
_DESTINATION = {4: 16, 6: 24}
"""Where it stands in the headers (RFC 791, RFC 8200)."""


def to_subnets(subnets: Sequence[Subnet]) -> Program:
    """A filter of packets that begin with their IP header: those to one of these subnets."""
    found = [instruction for subnet in subnets for instruction in _to(subnet)]
    return (*found, (_RETURN, 0, 0, 0))


def _to(subnet: Subnet) -> Iterator[tuple[int, int, int, int]]:
    """Returns at a match, and else runs into what follows."""
    words = list(_words(subnet))
    left = 3 * len(words) + 1  # as many instructions come after the first comparison
    yield _BYTE, 0, 0, 0
    yield _AND, 0, 0, 0xF0
    yield _EQUAL, 0, left, subnet.version << 4
    for offset, mask, value in words:
        left -= 3
        yield _WORD, 0, 0, offset
        yield _AND, 0, 0, mask
        yield _EQUAL, 0, left, value
    yield _RETURN, 0, 0, _ALL


def _words(subnet: Subnet) -> Iterator[tuple[int, int, int]]:
    """The words of the destination that count: their offsets, masks and values."""
    size = 4 if isinstance(subnet, IPv4Network) else 16
    mask, value = int(subnet.netmask).to_bytes(size), subnet.network_address.packed
    for at in range(0, size, 4):
        bits = int.from_bytes(mask[at : at + 4])
        if bits:
            number = int.from_bytes(value[at : at + 4])
            yield _DESTINATION[subnet.version] + at, bits, number
