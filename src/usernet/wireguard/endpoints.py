"""Endpoints: where the peers of a tunnel are, as this machine finds them.

A name is resolved by the machine, not in the tunnel, as wg(8) does it; and an address counts only
where the machine has a way there, so that one of IPv6 is not tried in vain where IPv4 would do.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from usernet.config.wireguard import Endpoint, TunnelConfig, WireGuard
from usernet.errors import HandshakeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from usernet.config.keys import PublicKey
    from usernet.config.wireguard import Peer

__all__ = ["Place", "find", "numeric", "placed", "places"]

_Config = TypeVar("_Config", TunnelConfig, WireGuard)

_NO_IPV6 = {errno.EAFNOSUPPORT, errno.ENETUNREACH, errno.EADDRNOTAVAIL}
"""What a machine without IPv6, or without an address of it, says."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer is.

    Attributes:
        numeric: Its endpoint as an address; None where there is no way there.
        problem: Why there is none.
        is_unknown: Whether that is because the machine does not know its name.
    """

    numeric: Endpoint | None = None
    problem: str = ""
    is_unknown: bool = False


def find(endpoint: Endpoint) -> Place:
    """Find an endpoint; this blocks while the machine resolves its name."""
    try:
        infos = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        reason = (error.strerror or "it is unknown").lower()
        return Place(None, f"this machine does not find {endpoint.host}: {reason}", is_unknown=True)
    problem = ""
    for family, kind, _, _, address in infos:
        number = _way_to(family, kind, address)
        if number == 0:
            return Place(Endpoint(_numeric_host(address), endpoint.port))
        problem = problem or _problem(family, str(address[0]), number)
    return Place(problem=problem)


def _way_to(family: socket.AddressFamily, kind: socket.SocketKind, address: object) -> int:
    """0 where the machine has a way there, else the errno. Connecting by UDP sends nothing."""
    try:
        with socket.socket(family, kind) as probe:
            probe.connect(address)  # type: ignore[arg-type]
    except OSError as error:
        return error.errno or errno.ENETUNREACH
    return 0


def _numeric_host(address: tuple[object, ...]) -> str:
    """The host of a socket's address; a zone is the number of its interface (RFC 4007)."""
    host, zone = str(address[0]).partition("%")[0], address[3:]
    return f"{host}%{zone[0]}" if zone and zone[0] else host


def _problem(family: socket.AddressFamily, host: str, number: int) -> str:
    if family == socket.AF_INET6 and number in _NO_IPV6:
        return f"{host} is an address of IPv6, which this machine has no way out by"
    return f"this machine has no way to {host}: {os.strerror(number).lower()}"


def places(peers: Iterable[Peer]) -> dict[PublicKey, Place]:
    """Find the endpoints of all peers that have one; this may block."""
    return {one.public_key: find(one.endpoint) for one in peers if one.endpoint is not None}


def placed(peers: Iterable[Peer], found: Mapping[PublicKey, Place]) -> tuple[Peer, ...]:
    """The peers with endpoints that are numeric; none where there is no way."""
    return tuple(replace(one, endpoint=found.get(one.public_key, Place()).numeric) for one in peers)


def numeric(config: _Config) -> _Config:
    """The same with endpoints that are addresses, as the engine needs them; this may block.

    Raises:
        UnknownNameError: The machine does not know a name.
        HandshakeError: It has no way to any address of a name.
    """
    return replace(config, peers=tuple(map(_numeric, config.peers)))


def _numeric(peer: Peer) -> Peer:
    if peer.endpoint is None or peer.endpoint.is_numeric:
        return peer
    place = find(peer.endpoint)
    if place.is_unknown:
        raise UnknownNameError(f"{peer.endpoint.host}: the endpoint of a peer: {place.problem}")
    if place.numeric is None:
        raise HandshakeError(f"no way to the peer {peer.public_key}: {place.problem}")
    return replace(peer, endpoint=place.numeric)
