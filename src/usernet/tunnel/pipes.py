"""Pipes: the tunnel's side of `usernet.tunnel.ends`.

What comes from the network and finds no room in the pipe is dropped, as a socket's buffer drops it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING

from usernet.errors import UsernetError
from usernet.net import operations, serving
from usernet.net.address import is_numeric, unmapped
from usernet.net.splice import splice
from usernet.tunnel.ends import LARGEST_DATAGRAM, framed, pair, unframed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.net.host import Host
    from usernet.net.socket import Socket
    from usernet.tunnel.tunnel import Tunnel

__all__ = ["DatagramPipe", "ListenerPipe", "greet"]

_BATCH = 64
"""How many datagrams are taken in one turn of the loop."""
_BACKLOG = 100


async def _gone(pipe: socket.socket) -> None:
    """Wait until nobody has the other end any more; nothing else ever comes from it."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(pipe, 1):
            pass


async def greet(client: socket.socket, greeting: bytes) -> None:
    """Send a client what it is to hear first; it never blocks from now on."""
    client.setblocking(False)
    if greeting:
        await asyncio.get_running_loop().sock_sendall(client, greeting)


class ListenerPipe:
    """A listening port of a tunnel.

    Args:
        tunnel: The tunnel.
        port: The port; 0 for any that is free.
        host: One of the tunnel's addresses; all where None.

    Attributes:
        end: The end that is for the program.
        address: Where it listens.

    Raises:
        OSError: The port is taken, or the address is not the tunnel's.
    """

    def __init__(self, tunnel: Tunnel, port: int, host: str | None) -> None:
        own = tunnel.host
        self._sockets = _listening(own, port, host)
        number = self._sockets[0].getsockname()[1]
        self.address: tuple[str, int] = (host or own.addresses[0], number)
        end, self._pipe = pair()
        self.end: socket.socket = end

    async def run(self) -> None:
        """Hand on connections, until the program lets go of its end."""
        try:
            async with asyncio.TaskGroup() as group:
                jobs = [group.create_task(self._accept(one, group)) for one in self._sockets]
                await _gone(self._pipe)
                for job in jobs:
                    job.cancel()
                self.close()  # connections that were accepted go on
        finally:
            self.close()

    async def _accept(self, listening: Socket, group: asyncio.TaskGroup) -> None:
        while True:
            connection, address = await operations.accept(listening)
            ours, theirs = socket.socketpair()
            with theirs:
                whom = json.dumps([unmapped(address[0]), address[1]]).encode()
                try:
                    socket.send_fds(self._pipe, [whom], [theirs.fileno()])
                except OSError:  # it is full, or nobody is there any more
                    ours.close()
                    connection.close()
                    continue
            group.create_task(_splice(connection, ours))

    def close(self) -> None:
        """Listen no more."""
        self._pipe.close()
        for one in self._sockets:
            one.close()


async def _splice(connection: Socket, ours: socket.socket) -> None:
    with contextlib.suppress(OSError, UsernetError):
        await splice(connection, ours)


def _listening(own: Host, port: int, host: str | None) -> list[Socket]:
    """Sockets that listen: at one address, or at all of each family that the host has."""
    families = dict.fromkeys(
        socket.AF_INET6 if ":" in one else socket.AF_INET for one in own.addresses
    )
    wildcards = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
    wanted = [host] if host is not None else [wildcards[family] for family in families]
    sockets: list[Socket] = []
    try:
        for one in wanted:
            family = socket.AF_INET6 if ":" in one else socket.AF_INET
            info = (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port))
            sockets += serving.listening_sockets(
                own, [[info]], reuse_port=False, keep_alive=False, options={}
            )
            sockets[-1].listen(_BACKLOG)
            port = sockets[-1].getsockname()[1]
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    return sockets


class DatagramPipe(asyncio.DatagramProtocol):
    """A UDP socket of a tunnel; `open` makes one.

    Attributes:
        end: The end that is for the program.
        address: Where it sends from.
    """

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        end, self._pipe = pair()
        self.end: socket.socket = end
        self.address: tuple[str, int] = ("", 0)
        self._over = asyncio.get_running_loop().create_future()
        self._names: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, tunnel: Tunnel, port: int, host: str | None) -> DatagramPipe:
        """Open one at a port, 0 for any, and an address of the tunnel, None for any.

        Raises:
            OSError: The port is taken, or the address is not the tunnel's.
        """
        made = cls(tunnel)
        local = host or _any(tunnel.host.addresses)
        try:
            transport, _ = await tunnel.create_datagram_endpoint(lambda: made, (local, port))
        except BaseException:
            made.close()
            made.end.close()
            raise
        number = transport.get_extra_info("sockname")[1]
        made.address = (host or tunnel.host.addresses[0], number)
        return made

    async def run(self) -> None:
        """Carry datagrams, until the program lets go of its end."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipe, self._take)
        try:
            await self._over
        finally:
            loop.remove_reader(self._pipe)
            for job in self._names:
                job.cancel()
            self._transport.close()
            self.close()

    def close(self) -> None:
        """Close the tunnel's side of the pipe."""
        self._pipe.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio has it."""
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """As asyncio has it."""
        with contextlib.suppress(OSError):
            self._pipe.send(framed(data, unmapped(addr[0]), addr[1]))

    def error_received(self, exc: Exception) -> None:
        """As asyncio has it: that somebody is not reached ends nothing."""

    def _take(self) -> None:
        for _ in range(_BATCH):
            try:
                frame = self._pipe.recv(LARGEST_DATAGRAM + 258)
            except BlockingIOError:
                return
            except OSError:
                frame = b""
            if not frame:
                if not self._over.done():
                    self._over.set_result(None)
                return
            with contextlib.suppress(ValueError):
                self._send(*unframed(frame))

    def _send(self, data: bytes, host: str, port: int) -> None:
        if is_numeric(host):
            self._transport.sendto(data, (self._towards(host), port))
        elif len(self._names) < _BATCH:
            job = asyncio.get_running_loop().create_task(self._send_by_name(data, host, port))
            self._names.add(job)
            job.add_done_callback(self._names.discard)

    async def _send_by_name(self, data: bytes, host: str, port: int) -> None:
        with contextlib.suppress(OSError, UsernetError):
            first = (await self._tunnel.addresses(host))[0]
            self._transport.sendto(data, (self._towards(first), port))

    def _towards(self, host: str) -> str:
        """An address as the socket has it: one of IPv6 speaks IPv4 by mapped addresses."""
        is_six = self._transport.get_extra_info("socket").family == socket.AF_INET6
        return f"::ffff:{host}" if is_six and ":" not in host else host


def _any(addresses: Sequence[str]) -> str:
    return "::" if any(":" in one for one in addresses) else "0.0.0.0"
