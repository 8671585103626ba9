"""Resolver: ``getaddrinfo`` and ``getnameinfo`` inside the network.

Names are those of its hosts, and what else the network knows; nothing is asked of the system, but
for the numbers of services (``/etc/services``).
"""

from __future__ import annotations

import socket as system
from typing import TYPE_CHECKING, TypeAlias

from usernet.net.address import SocketAddress, family_of, unmapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from usernet.net.border import HostNetwork

__all__ = ["AddressInfo", "address_infos", "is_known", "name_info"]

AddressInfo: TypeAlias = "tuple[system.AddressFamily, system.SocketKind, int, str, SocketAddress]"
"""One answer of ``getaddrinfo``."""

_KINDS = (
    (system.SOCK_STREAM, system.IPPROTO_TCP),
    (system.SOCK_DGRAM, system.IPPROTO_UDP),
    (system.SOCK_RAW, 0),
)
_LOCALHOST = {system.AF_INET: "127.0.0.1", system.AF_INET6: "::1"}
_ANY = {system.AF_INET: "0.0.0.0", system.AF_INET6: "::"}


def address_infos(
    network: HostNetwork,
    host_name: str,
    host: bytes | str | None,
    port: bytes | str | int | None,
    *,
    family: int = 0,
    type: int = 0,  # noqa: A002 - as in the module socket
    proto: int = 0,
    flags: int = 0,
    known: Sequence[str] | None = None,
) -> list[AddressInfo]:
    """What ``socket.getaddrinfo`` answers on this host.

    Where the name was asked of somebody else, ``known`` is what came of it.

    Raises:
        gaierror: The name is unknown, or has no address of that family.
    """
    name = host.decode("idna") if isinstance(host, bytes) else host
    number = _port(port, type)
    kinds = [one for one in _KINDS if type in (0, one[0]) and proto in (0, one[1])]
    if not kinds:
        raise system.gaierror(system.EAI_SOCKTYPE, "ai_socktype not supported")
    if known is None:
        addresses = _addresses(network, name, family, passive=bool(flags & system.AI_PASSIVE))
    else:
        every = ((system.AddressFamily(family_of(one)), one) for one in known)
        addresses = [one for one in every if family in (0, one[0])]
    if flags & system.AI_NUMERICHOST and name and family_of(name) == system.AF_UNSPEC:
        addresses = []
    ordered = list(_best_first(network, host_name, addresses))
    if not ordered:
        raise system.gaierror(system.EAI_NONAME, f"Name or service not known: {name}")
    canonical = name or "" if flags & system.AI_CANONNAME else ""
    return [
        (one, kind, protocol, canonical, _with_port(address, one, number))
        for one, address in ordered
        for kind, protocol in kinds
    ]


def is_known(network: HostNetwork, name: str) -> bool:
    """Whether a name needs nobody to be asked: numeric, this host, or one of the network's own."""
    if family_of(name) != system.AF_UNSPEC or name.lower().rstrip(".") == "localhost":
        return True
    return bool(network.addresses_of(name, 0))


def _port(port: bytes | str | int | None, kind: int) -> int:
    text = port.decode() if isinstance(port, bytes) else port
    if text is None or text == "":
        return 0
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return system.getservbyname(str(text), "udp" if kind == system.SOCK_DGRAM else "tcp")
    except OSError:
        raise system.gaierror(system.EAI_SERVICE, f"no such service: {text}") from None


def _addresses(
    network: HostNetwork, name: str | None, family: int, *, passive: bool
) -> list[tuple[system.AddressFamily, str]]:
    families = [one for one in (system.AF_INET, system.AF_INET6) if family in (0, one)]
    if not name:
        known = _ANY if passive else _LOCALHOST
        return [(one, known[one]) for one in families]
    if family_of(name) != system.AF_UNSPEC:
        return [(one, name) for one in families if one == family_of(name)]
    if name.lower().rstrip(".") == "localhost":
        return [(one, _LOCALHOST[one]) for one in families]
    return [(one, address) for one in families for address in network.addresses_of(name, one)]


def _best_first(
    network: HostNetwork, host_name: str, addresses: Iterable[tuple[system.AddressFamily, str]]
) -> Iterator[tuple[system.AddressFamily, str]]:
    """In the order of RFC 6724: what can be reached first, then by precedence; else as given."""

    def rank(one: tuple[system.AddressFamily, str]) -> tuple[bool, int]:
        return not _is_reachable(network, host_name, one[1]), -_precedence(one[1])

    many = list(addresses)
    is_passive = any(address in _ANY.values() for _, address in many)
    yield from sorted(many, key=rank) if len(many) > 1 and not is_passive else many


def _is_reachable(network: HostNetwork, host_name: str, address: str) -> bool:
    try:
        network.engine.source_for(host_name, address)
    except OSError:
        return False
    return True


def _precedence(address: str) -> int:
    """The policy table of RFC 6724, 2.1, as far as it matters here."""
    if ":" not in address:
        return 35
    return 50 if address == "::1" else 3 if address[:2].lower() in {"fc", "fd"} else 40


def _with_port(address: str, family: int, port: int) -> SocketAddress:
    return (address, port) if family == system.AF_INET else (address, port, 0, 0)


def name_info(network: HostNetwork, address: SocketAddress, flags: int = 0) -> tuple[str, str]:
    """What ``socket.getnameinfo`` answers in this network.

    Raises:
        gaierror: A name is required, and there is none.
    """
    host, port = address[:2]
    if family_of(host) == system.AF_UNSPEC:
        raise system.gaierror(system.EAI_NONAME, f"not a numeric address: {host}")
    name = None if flags & system.NI_NUMERICHOST else network.name_of(unmapped(host))
    if name is None and flags & system.NI_NAMEREQD:
        raise system.gaierror(system.EAI_NONAME, f"no host has the address {host}")
    return name or host, _service(port, flags)


def _service(port: int, flags: int) -> str:
    if flags & system.NI_NUMERICSERV:
        return str(port)
    try:
        return system.getservbyport(port, "udp" if flags & system.NI_DGRAM else "tcp")
    except OSError:
        return str(port)
