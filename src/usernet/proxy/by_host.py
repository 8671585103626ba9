"""Dialling by a host of a network that runs in real time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, cast

from usernet.net.address import unmapped

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from usernet.net.address import SocketAddress
    from usernet.net.host import Host
    from usernet.net.splice import Dialled
    from usernet.proxy.dialling import OnConnection, OnDatagram

__all__ = ["ByHost"]


class ByHost:
    """Dials from a host, on the loop that its network is on.

    Args:
        host: The host.
        timeout: Seconds for a connection to come about, or a name to be found.
    """

    def __init__(self, host: Host, timeout: float | None = None) -> None:
        self._host = host
        self._timeout = timeout
        self._carried: set[asyncio.Task[None]] = set()

    async def carry(self, client: socket.socket, host: str, port: int, greeting: bytes) -> None:
        """As `usernet.proxy.dialling.Dialler` has it."""
        dialled = await self._host.dial(host, port, timeout=self._timeout)
        try:
            await asyncio.get_running_loop().sock_sendall(client, greeting)
        except BaseException:
            dialled.close()
            raise
        self._begin(_carry(dialled, socket.socket(fileno=client.detach())))

    async def open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As `usernet.proxy.dialling.Dialler` has it."""
        async with asyncio.timeout(self._timeout):
            return await self._host.open_connection(host, port)

    async def resolve(self, name: str) -> str:
        """As `usernet.proxy.dialling.Dialler` has it."""
        async with asyncio.timeout(self._timeout):
            infos = await self._host.getaddrinfo(name, None)
        return str(infos[0][4][0])

    async def datagrams(self, port: int, on_datagram: OnDatagram) -> HostDatagrams:
        """As `usernet.proxy.dialling.Dialler` has it."""
        transport, _ = await self._host.create_datagram_endpoint(
            lambda: _Heard(on_datagram), ("::", port), family=socket.AF_INET6
        )
        return HostDatagrams(transport)

    async def listen(self, port: int, on_connection: OnConnection) -> None:
        """As `usernet.proxy.dialling.Dialler` has it."""

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inbound = HostInbound(reader, writer)
            try:
                await on_connection(inbound)
            finally:
                inbound.close()

        async with await self._host.start_server(served, None, port) as server:
            await server.serve_forever()

    def close(self) -> None:
        """As `usernet.proxy.dialling.Dialler` has it."""
        for task in self._carried:
            task.cancel()

    def _begin(self, carrying: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(carrying)
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)


async def _carry(dialled: Dialled, client: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has gone before it could be joined
        await dialled.splice(client)


class HostDatagrams:
    """A UDP socket of a host."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def send(self, data: bytes, host: str, port: int) -> None:
        """As `usernet.proxy.dialling.Datagrams` has it."""
        mapped = host if ":" in host else f"::ffff:{host}"
        self._transport.sendto(data, (mapped, port))

    def close(self) -> None:
        """As `usernet.proxy.dialling.Datagrams` has it."""
        self._transport.close()


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: OnDatagram) -> None:
        self._on_datagram = on_datagram

    def datagram_received(self, data: bytes, addr: SocketAddress) -> None:
        self._on_datagram(data, unmapped(addr[0]), addr[1])


class HostInbound:
    """A connection that somebody in the network began."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        peer = cast("SocketAddress", writer.get_extra_info("peername"))
        self.remote: tuple[str, int] = (unmapped(peer[0]), peer[1])

    async def carry(self, local: socket.socket) -> None:
        """As `usernet.proxy.dialling.Inbound` has it."""
        reader, writer = await asyncio.open_connection(sock=local)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pour(self._reader, writer))
            group.create_task(_pour(reader, self._writer))
        writer.close()

    def close(self) -> None:
        """As `usernet.proxy.dialling.Inbound` has it."""
        self._writer.close()


_PIECE = 64 * 1024


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_PIECE):
        sink.write(data)
        await sink.drain()
    with contextlib.suppress(OSError):  # it has gone already
        sink.write_eof()
