"""Exchange: how a question gets to a name server, and its answer back.

A server in the tunnel is asked by the tunnel's host. One that no peer leads to is asked by the
machine, as it is with wg-quick(8), whose routes leave it outside.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from usernet.tunnel.dns_message import Reply
    from usernet.tunnel.lookup import Ask

__all__ = ["PORT", "Exchange", "Sockets", "by_host"]

Exchange: TypeAlias = "Callable[[Ask], Awaitable[Reply | None]]"

PORT = 53
_Factory: TypeAlias = "Callable[[], asyncio.DatagramProtocol]"


class Sockets(Protocol):
    """Who sends: a host, or the machine."""

    async def create_datagram_endpoint(
        self,
        protocol_factory: _Factory,
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
    ) -> tuple[asyncio.DatagramTransport, asyncio.DatagramProtocol]:
        """As asyncio's."""
        ...

    async def open_connection(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As asyncio's."""
        ...


class _Machine:
    """The machine's own sockets."""

    async def create_datagram_endpoint(
        self,
        protocol_factory: _Factory,
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
    ) -> tuple[asyncio.DatagramTransport, asyncio.DatagramProtocol]:
        """From whichever port the system draws."""
        del local_addr
        loop = asyncio.get_running_loop()
        return await loop.create_datagram_endpoint(protocol_factory, remote_addr=remote_addr)

    async def open_connection(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(host, port)


def by_host(host: Sockets, outside: Container[str] = ()) -> Exchange:
    """Ask by a host, in a datagram or by TCP as is asked for; by the machine who is outside."""
    machine = _Machine()

    async def exchange(ask: Ask) -> Reply | None:
        sockets = machine if ask.server in outside else host
        return await (_by_stream if ask.tcp else _by_datagram)(sockets, ask)

    return exchange


async def _by_datagram(sockets: Sockets, ask: Ask) -> Reply | None:
    """Ask in a datagram, from a port of its own; None where nothing comes."""
    waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    wildcard = "::" if ":" in ask.server else "0.0.0.0"
    try:
        transport, _ = await sockets.create_datagram_endpoint(
            lambda: _Listening(ask, waiter), (wildcard, ask.port), (ask.server, PORT)
        )
    except OSError:
        return None
    try:
        transport.sendto(ask.data)
        async with asyncio.timeout(ask.seconds):
            return await waiter
    except OSError:  # TimeoutError is one
        return None
    finally:
        transport.close()


class _Listening(asyncio.DatagramProtocol):
    """Waits for the answer; what only looks like one is passed over."""

    def __init__(self, ask: Ask, waiter: asyncio.Future[Reply]) -> None:
        self._ask, self._waiter = ask, waiter

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr  # the socket hears nobody else
        reply = self._ask.answer(data)
        if reply is not None and not self._waiter.done():
            self._waiter.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        if not self._waiter.done():
            self._waiter.set_exception(exc)


async def _by_stream(sockets: Sockets, ask: Ask) -> Reply | None:
    """Ask by TCP, where each message has its length before it (RFC 1035, 4.2.2)."""
    try:
        async with asyncio.timeout(ask.seconds):
            reader, writer = await sockets.open_connection(ask.server, PORT)
            try:
                writer.write(len(ask.data).to_bytes(2, "big") + ask.data)
                length = int.from_bytes(await reader.readexactly(2), "big")
                return ask.answer(await reader.readexactly(length))
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return None
