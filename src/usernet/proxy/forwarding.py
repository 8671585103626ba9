"""Forwarding: clients of a port of this machine reach a host of the network."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.proxy.flows import Flows
from usernet.proxy.server import listening, serve, words

if TYPE_CHECKING:
    from usernet.proxy.dialling import Datagrams, Dialler
    from usernet.proxy.forward import Forward
    from usernet.proxy.server import Say

__all__ = ["Forwarding"]

_BACKLOG = 128
_LARGEST = 65535


class Forwarding:
    """One forwarded port, which listens from the first.

    Args:
        forward: What is forwarded.
        dialler: Who dials.
        say: Told who is not reached.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, forward: Forward, dialler: Dialler, say: Say) -> None:
        self._forward = forward
        self._dialler = dialler
        self._say = say
        kind = socket.SOCK_DGRAM if forward.is_udp else socket.SOCK_STREAM
        self._sockets = (
            [_unix(forward.path)] if forward.path else listening(forward.at, forward.port, kind)
        )

    @property
    def address(self) -> tuple[str, int] | str:
        """Where it listens: an address with a port, or a file."""
        if self._forward.path:
            return self._forward.path
        host, port = self._sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            if self._forward.is_udp:
                async with asyncio.TaskGroup() as group:
                    for one in self._sockets:
                        group.create_task(self._datagrams(one))
            else:
                await serve(self._sockets, self._stream, self._say)
        finally:
            self.close()

    def close(self) -> None:
        """Listen no more. Safe to call twice."""
        for one in self._sockets:
            one.close()
        if self._forward.path:
            with contextlib.suppress(OSError):
                Path(self._forward.path).unlink()

    async def _stream(self, client: socket.socket) -> None:
        try:
            await self._dialler.carry(client, self._forward.host, self._forward.host_port, b"")
        except OSError as error:
            self._say(f"{self._forward.goal}: {words(error)}")

    async def _datagrams(self, here: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        flows: Flows[tuple[str, int]] = Flows(
            lambda client: self._outlet(here, flows, client), self._say
        )
        try:
            while True:
                with contextlib.suppress(ConnectionError):  # what became of an earlier answer
                    data, client = await loop.sock_recvfrom(here, _LARGEST)
                    flows.send(client, data)
        finally:
            flows.close()

    async def _outlet(
        self, here: socket.socket, flows: Flows[tuple[str, int]], client: tuple[str, int]
    ) -> _Outlet:
        """A socket in the network for a client, whose answers find back by it."""

        def back(data: bytes, _host: str, _port: int) -> None:
            flows.touch(client)
            with contextlib.suppress(OSError):  # no room, or the client has gone
                here.sendto(data, client)

        host = await self._dialler.resolve(self._forward.host)
        return _Outlet(await self._dialler.datagrams(0, back), host, self._forward.host_port)


class _Outlet:
    def __init__(self, datagrams: Datagrams, host: str, port: int) -> None:
        self._datagrams = datagrams
        self._host = host
        self._port = port

    def send(self, data: bytes) -> None:
        self._datagrams.send(data, self._host, self._port)

    def close(self) -> None:
        self._datagrams.close()


def _unix(path: str) -> socket.socket:
    """A socket in the file system, for its owner alone.

    Raises:
        OSError: There is a file of that name.
    """
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.setblocking(False)
        made.bind(path)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.umask(before)
    return made
