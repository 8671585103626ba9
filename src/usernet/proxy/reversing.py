"""Reversed forwarding: who calls a port of ours in the network reaches a server from here."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING

from usernet.proxy.flows import Flows
from usernet.proxy.server import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.proxy.dialling import Datagrams, Dialler, Inbound
    from usernet.proxy.forward import Forward
    from usernet.proxy.server import Say

__all__ = ["Reversing"]

_LARGEST = 65535
_AT_ONCE = 64
"""Datagrams that are taken in one go, so that others have their turn."""


class Reversing:
    """One port in the network that leads to a server of this machine, or one that it reaches.

    Args:
        forward: What is forwarded; its ``at`` does not matter.
        dialler: Who listens in the network.
        timeout: Seconds for the server to answer.
        say: Told what is not reached.
    """

    def __init__(self, forward: Forward, dialler: Dialler, timeout: float | None, say: Say) -> None:
        self._forward = forward
        self._dialler = dialler
        self._timeout = timeout
        self._say = say

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            OSError: The port is taken.
        """
        try:
            if self._forward.is_udp:
                await self._datagrams()
            else:
                await self._dialler.listen(self._forward.port, self._stream)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            port = f"port {self._forward.port} in the tunnel"
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), port) from None

    async def _stream(self, inbound: Inbound) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                local = await self._connected(socket.SOCK_STREAM)
        except OSError as error:
            self._say(f"{self._forward.goal}: {words(error)}")
            return
        with contextlib.suppress(OSError):  # either end may go when it likes
            await inbound.carry(local)

    async def _connected(self, kind: int) -> socket.socket:
        """A socket of this machine that is connected to the server."""
        loop = asyncio.get_running_loop()
        forward = self._forward
        infos = await loop.getaddrinfo(forward.host, forward.host_port, type=kind)
        failed = OSError(errno.EHOSTUNREACH, "no address", forward.goal)
        for family, _, _, _, address in infos:
            made = socket.socket(family, kind)
            made.setblocking(False)
            try:
                await loop.sock_connect(made, address)
            except OSError as error:
                failed = error
                made.close()
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise failed

    async def _datagrams(self) -> None:
        flows: Flows[tuple[str, int]] = Flows(
            lambda remote: self._outlet(there, flows, remote), self._say
        )
        there = await self._dialler.datagrams(
            self._forward.port, lambda data, host, port: flows.send((host, port), data)
        )
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            flows.close()
            there.close()

    async def _outlet(
        self, there: Datagrams, flows: Flows[tuple[str, int]], remote: tuple[str, int]
    ) -> _Outlet:
        """A socket of this machine for somebody there, whose answers find back by it."""

        def back(data: bytes) -> None:
            flows.touch(remote)
            there.send(data, *remote)

        return _Outlet(await self._connected(socket.SOCK_DGRAM), back)


class _Outlet:
    def __init__(self, local: socket.socket, back: Callable[[bytes], None]) -> None:
        self._local = local
        self._back = back
        asyncio.get_running_loop().add_reader(local, self._read)

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # no room, or nobody there
            self._local.send(data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._local)
        self._local.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            for _ in range(_AT_ONCE):
                self._back(self._local.recv(_LARGEST))
