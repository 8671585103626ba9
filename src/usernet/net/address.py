"""Addresses as the module `socket` writes them, and as the core does."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from usernet.net.border import Address

__all__ = [
    "MAPPED",
    "SocketAddress",
    "any_towards",
    "check_bytes",
    "family_of",
    "is_numeric",
    "show",
    "to_core",
    "towards",
    "unmapped",
]

SocketAddress: TypeAlias = "tuple[str, int] | tuple[str, int, int, int]"
"""What `socket` calls an address: two parts for IPv4, four for IPv6."""

MAPPED = "::ffff:"
"""Before an IPv4 address in an IPv6 socket (RFC 4291, 2.5.5.2)."""


def is_numeric(host: str) -> bool:
    """Whether this is an address, and no name."""
    return family_of(host) != socket.AF_UNSPEC


def family_of(host: str) -> int:
    """`AF_INET`, `AF_INET6`, or `AF_UNSPEC` for a name."""
    bare = host.partition("%")[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, bare)
        except OSError:
            continue
        return int(family)
    return int(socket.AF_UNSPEC)


def unmapped(host: str) -> str:
    """An IPv4 address without its IPv6 clothes."""
    is_mapped = host[: len(MAPPED)].lower() == MAPPED and "." in host
    return host[len(MAPPED) :] if is_mapped else host


def to_core(address: object, family: int) -> Address:
    """An address of a socket of this family, as the core takes it.

    Raises:
        TypeError: It is no address of that family.
        OSError: It is one of the other family.
    """
    if not isinstance(address, tuple):
        raise TypeError(f"an address is a tuple (host, port), not {address!r}")
    parts = cast("tuple[object, ...]", address)
    if not 2 <= len(parts) <= 4:  # noqa: PLR2004
        raise TypeError(f"an address is a tuple (host, port), not {address!r}")
    host, port = str(parts[0]), int(cast("int", parts[1]))
    if not 0 <= port <= 0xFFFF:  # noqa: PLR2004
        raise OverflowError("port must be 0-65535")
    if family == socket.AF_INET:
        return _ipv4(host), port
    return unmapped(host) or "::", port


def _ipv4(host: str) -> str:
    if host == "<broadcast>":
        return "255.255.255.255"
    if ":" in host:
        raise OSError(errno.EAFNOSUPPORT, f"an IPv4 socket cannot use the address {host}")
    return host or "0.0.0.0"


def show(address: Address, family: int) -> SocketAddress:
    """An address of the core, as a socket of this family shows it."""
    host, port = address
    if family == socket.AF_INET:
        return address
    return (host if ":" in host else MAPPED + host), port, 0, 0


def any_towards(remote: Address) -> Address:
    """Any address of the remote one's family, and any port."""
    return ("::" if ":" in remote[0] else "0.0.0.0"), 0


def towards(remote: Address, local: Address | None) -> Address | None:
    """A local address, in the remote one's family: an IPv6 socket may speak IPv4."""
    if local is None or (":" in local[0]) == (":" in remote[0]):
        return local
    return any_towards(remote)[0], local[1]


def check_bytes(data: object) -> None:
    """Refuse what asyncio's transports refuse.

    Raises:
        TypeError: It is not bytes, a bytearray or a memoryview.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
