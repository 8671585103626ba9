"""Endpoint: the UDP socket that ``create_datagram_endpoint`` means, and its transport."""

from __future__ import annotations

import asyncio
import socket as system
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

from usernet.net import resolver
from usernet.net.arguments import core_options
from usernet.net.datagram import DatagramTransport
from usernet.net.operations import virtual
from usernet.net.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.config.socket_options import SocketOptionKeys
    from usernet.net.host import Host

__all__ = ["EndpointKeys", "begin", "datagram_socket"]

_ProtocolT = TypeVar("_ProtocolT", bound=asyncio.BaseProtocol)
_Pair = tuple[object, object]
"""A local and a remote address; None where there is none."""


class EndpointKeys(TypedDict, total=False):
    """Keywords of ``create_datagram_endpoint``, with asyncio's meaning but for the last."""

    family: int
    proto: int
    flags: int
    reuse_port: bool | None
    allow_broadcast: bool | None
    sock: Socket | None
    options: SocketOptionKeys | None
    """Options of the socket; those of the host where they are left out."""


def datagram_socket(
    host: Host,
    local_addr: tuple[str, int] | None,
    remote_addr: tuple[str, int] | None,
    keys: EndpointKeys,
) -> tuple[Socket, object]:
    """The socket, and the one address it sends to, if there is one.

    Raises:
        OSError: The address is taken, or not the host's.
        ValueError: The arguments contradict each other.
    """
    sock = keys.get("sock")
    if sock is not None:
        return _given(sock, local_addr, remote_addr, keys), None
    errors: list[OSError] = []
    for family, (local, remote) in _pairs(host, local_addr, remote_addr, keys):
        socket = _made(host, family, keys)
        try:
            if local is not None:
                socket.bind(local)
            if remote is not None and not keys.get("allow_broadcast"):
                socket.connect(remote)
            socket.open()
        except OSError as error:
            socket.close()
            errors.append(error)
        else:
            return socket, remote
    raise errors[0]


def _given(
    sock: object,
    local_addr: tuple[str, int] | None,
    remote_addr: tuple[str, int] | None,
    keys: EndpointKeys,
) -> Socket:
    socket = virtual(sock)
    if socket.type == system.SOCK_STREAM:
        raise ValueError(f"A datagram socket was expected, got {sock!r}")
    others = {"local_addr": local_addr, "remote_addr": remote_addr, **keys, "sock": None}
    problems = ", ".join(f"{name}={value}" for name, value in others.items() if value)
    if problems:
        raise ValueError(
            f"socket modifier keyword arguments can not be used when sock is specified: {problems}"
        )
    socket.setblocking(False)
    socket.open()
    return socket


def _made(host: Host, family: int, keys: EndpointKeys) -> Socket:
    socket = Socket(family, system.SOCK_DGRAM, keys.get("proto", 0), host=host)
    socket.setblocking(False)
    socket.said.core.update(core_options(keys.get("options")))
    if keys.get("reuse_port"):
        socket.setsockopt(system.SOL_SOCKET, system.SO_REUSEPORT, 1)
    return socket


def _pairs(
    host: Host,
    local_addr: tuple[str, int] | None,
    remote_addr: tuple[str, int] | None,
    keys: EndpointKeys,
) -> list[tuple[int, _Pair]]:
    """For each family the local and the remote address that go together."""
    family = keys.get("family", 0)
    if not local_addr and not remote_addr:
        if family == 0:
            raise ValueError("unexpected address family")
        return [(family, (None, None))]
    found: dict[int, list[object]] = {}
    for place, address in enumerate((local_addr, remote_addr)):
        if not address:
            continue
        if len(address) != 2:  # noqa: PLR2004
            raise TypeError("2-tuple is expected")
        for info in _infos(host, address, family, keys):
            found.setdefault(info[0], [None, None])[place] = info[4]
    pairs: list[tuple[int, _Pair]] = [
        (one, (local, remote))
        for one, (local, remote) in found.items()
        if not (local_addr and local is None) and not (remote_addr and remote is None)
    ]
    if not pairs:
        raise ValueError("can not get address information")
    return pairs


def _infos(
    host: Host, address: tuple[str, int], family: int, keys: EndpointKeys
) -> list[resolver.AddressInfo]:
    return resolver.address_infos(
        host.network,
        host.name,
        *address,
        family=family,
        type=system.SOCK_DGRAM,
        proto=keys.get("proto", 0),
        flags=keys.get("flags", 0),
    )


async def begin(
    socket: Socket, protocol_factory: Callable[[], _ProtocolT], remote: object
) -> tuple[asyncio.DatagramTransport, _ProtocolT]:
    """Make a socket a transport; returns after `connection_made`."""
    loop = asyncio.get_running_loop()
    protocol = protocol_factory()
    waiter: asyncio.Future[None] = loop.create_future()
    listener = cast("asyncio.DatagramProtocol", protocol)
    transport = DatagramTransport(loop, socket, listener, remote, waiter)
    try:
        await waiter
    except BaseException:
        transport.close()
        raise
    return transport, protocol
