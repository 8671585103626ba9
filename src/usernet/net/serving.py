"""Serving: the sockets that a server listens on, from what ``create_server`` is told."""

from __future__ import annotations

import errno
import itertools
import socket as system
from typing import TYPE_CHECKING

from usernet.net.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from usernet.net.address import SocketAddress
    from usernet.net.host import Host
    from usernet.net.resolver import AddressInfo

__all__ = ["hosts_of", "listening_sockets"]


def hosts_of(host: str | Sequence[str] | None) -> list[str | None]:
    """The names that the argument ``host`` of ``create_server`` means."""
    if host is None or host == "":
        return [None]
    return [host] if isinstance(host, str) else list(host)


def listening_sockets(
    host: Host,
    infos: Iterable[Sequence[AddressInfo]],
    *,
    reuse_port: bool,
    keep_alive: bool,
    options: Mapping[str, object],
) -> list[Socket]:
    """A bound socket for each address; none that an interface lacks.

    Raises:
        OSError: An address is taken, or the host has none of them.
    """
    wanted = list(dict.fromkeys(itertools.chain.from_iterable(infos)))
    sockets: list[Socket] = []
    try:
        for family, kind, proto, _, address in wanted:
            socket = Socket(family, kind, proto, host=host)
            sockets.append(socket)
            socket.said.core.update({"nodelay": True, **options})
            _prepare(socket, reuse_port=reuse_port, keep_alive=keep_alive)
            if not _bind(socket, address):
                sockets.pop().close()
    except BaseException:
        for socket in sockets:
            socket.close()
        raise
    if not sockets:
        tried = [info[4] for info in wanted]
        raise OSError(errno.EADDRNOTAVAIL, f"could not bind on any address out of {tried}")
    return sockets


def _prepare(socket: Socket, *, reuse_port: bool, keep_alive: bool) -> None:
    socket.setblocking(False)
    if reuse_port:
        socket.setsockopt(system.SOL_SOCKET, system.SO_REUSEPORT, 1)
    if keep_alive:
        socket.setsockopt(system.SOL_SOCKET, system.SO_KEEPALIVE, 1)
    if socket.family == system.AF_INET6:
        socket.setsockopt(system.IPPROTO_IPV6, system.IPV6_V6ONLY, 1)


def _bind(socket: Socket, address: SocketAddress) -> bool:
    """Whether the host has the address."""
    try:
        socket.bind(address)
        socket.check()
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return False
        message = f"error while attempting to bind on address {address}: {str(error).lower()}"
        raise OSError(error.errno, message) from None
    return True
