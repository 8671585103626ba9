"""Blocking: connections of a host for programs that wait, on any thread, by a real descriptor.

One end of a pair of sockets is the program's, the other is spliced to the connection. So the
engine's own thread carries the bytes, and nobody needs asyncio for it.
"""

from __future__ import annotations

import errno
import json
import os
import socket as system
from typing import TYPE_CHECKING, TypeAlias

from usernet.net import resolver
from usernet.net.address import show, to_core

if TYPE_CHECKING:
    from collections import deque

    from typing_extensions import Buffer

    from usernet.net.address import SocketAddress
    from usernet.net.border import CoreSocket
    from usernet.net.host import Host
    from usernet.net.resolver import AddressInfo

__all__ = ["JoinedSocket", "connect", "has_unread"]

_OPTIONS = '{"nodelay": true}'
_FOREVER = float("inf")
_STANDS = ("syn-sent", "syn-received", "established", "close-wait")
"""States of a connection that its own side has not ended (RFC 9293, 3.3.2)."""
_Option: TypeAlias = "int | Buffer | None"


class JoinedSocket(system.socket):
    """The program's end: a unix stream socket that has the addresses of its connection.

    Options of TCP are taken and mean nothing: bytes go on as they come.
    """

    _joined: CoreSocket
    _family: int
    _let_go: deque[CoreSocket]

    @classmethod
    def to(cls, core: CoreSocket, family: int, let_go: deque[CoreSocket]) -> JoinedSocket:
        """One that is spliced to a connection, which stands or is on its way.

        Args:
            core: The connection.
            family: That of its addresses.
            let_go: Where the connection is put when the program closes this.

        Raises:
            EscapeError: Time is virtual.
            OSError: No descriptor is left.
        """
        ours, theirs = system.socketpair(system.AF_UNIX, system.SOCK_STREAM)
        joined = cls(fileno=ours.detach())
        joined._joined, joined._family, joined._let_go = core, family, let_go
        try:
            with theirs:
                core.splice(theirs.fileno())
        except BaseException:
            joined.close()
            core.abort()
            raise
        return joined

    def close(self) -> None:
        """As any socket's; what was sent goes on."""
        super().close()
        self._let_go.append(self._joined)

    def getpeername(self) -> SocketAddress:
        """The peer's address in the network."""
        return self._shown(self._joined.remote())

    def getsockname(self) -> SocketAddress:
        """The host's own address."""
        return self._shown(self._joined.local())

    def _shown(self, address: tuple[str, int] | None) -> SocketAddress:
        if address is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return show(address, self._family)

    def setsockopt(self, level: int, name: int, value: _Option, length: int = 0) -> None:
        """As any socket's, but for options of TCP."""
        if level == system.IPPROTO_TCP:
            return
        if value is None:
            super().setsockopt(level, name, None, length)
        else:
            super().setsockopt(level, name, value)


def connect(host: Host, address: tuple[str, int], timeout: float | None) -> JoinedSocket:
    """A connection of a host, as `socket.create_connection` makes one of the machine.

    Raises:
        EscapeError: Time is virtual.
        TimeoutError: Nobody answered in time.
        OSError: Nobody listens there, there is no way, or whatever else it was.
        gaierror: The name is unknown.
    """
    infos = resolver.address_infos(host.network, host.name, *address, type=system.SOCK_STREAM)
    clock = host.network.engine.now
    until = _FOREVER if timeout is None else clock() / 1e9 + timeout
    errors: list[OSError] = []
    for place, info in enumerate(infos):
        left = max(until - clock() / 1e9, 0.0)
        try:
            joined = _attempt(host, info, left / (len(infos) - place))
        except OSError as error:
            errors.append(error)
        else:
            joined.settimeout(timeout)
            return joined
    raise errors[0]


def has_unread(host: Host) -> bool:
    """Whether a program has closed its end of a connection that the engine has not read whole."""
    while host.let_go:
        if _stands(host.let_go[0]):
            return True
        host.let_go.popleft()
    return False


def _stands(core: CoreSocket) -> bool:
    try:
        return json.loads(core.info()).get("state") in _STANDS
    except OSError:  # it is over and gone
        return False


def _attempt(host: Host, info: AddressInfo, seconds: float) -> JoinedSocket:
    family, where = info[0], info[4]
    core = host.network.engine.connect(host.name, to_core(where, family), None, _OPTIONS)
    place = f"{where[0]} port {where[1]}"
    try:
        joined = JoinedSocket.to(core, family, host.let_go)
    except OSError as error:
        # The connection has failed by now, or no descriptor is left.
        raise _failed(error.errno or errno.ECONNABORTED, place) from None
    try:
        number = core.wait_connected(seconds)
    except BaseException:
        _give_up(core, joined)
        raise
    if number == 0:
        return joined
    _give_up(core, joined)
    if number is None:
        raise TimeoutError(errno.ETIMEDOUT, f"no answer from {place} within {seconds:.3g} s")
    raise _failed(number, place)


def _failed(number: int, place: str) -> OSError:
    return OSError(number, f"{os.strerror(number)}: {place}")


def _give_up(core: CoreSocket, joined: JoinedSocket) -> None:
    core.abort()
    joined.close()
