"""Dialling by a way into a tunnel, whose calls block: each is made on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar

from usernet.proxy.relay import relay

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from usernet.proxy.dialling import OnConnection, OnDatagram
    from usernet.tunnel import way as ways

__all__ = ["ByWay"]

_T = TypeVar("_T")

_MOST_CALLS = 128
"""Calls that wait for an answer at a time."""
_AT_ONCE = 64
"""Datagrams that are taken in one go, so that others have their turn."""


class ByWay:
    """Dials by a way into a tunnel.

    Args:
        way: The way; it is not closed here.
        timeout: Seconds for a connection to come about, or a name to be found.
    """

    def __init__(self, way: ways.Way, timeout: float | None = None) -> None:
        self._way = way
        self._timeout = timeout
        self._room = asyncio.Semaphore(_MOST_CALLS)

    async def carry(self, client: socket.socket, host: str, port: int, greeting: bytes) -> None:
        """As `usernet.proxy.dialling.Dialler` has it."""
        call = partial(
            self._way.dial_for, client, host, port, greeting=greeting, timeout=self._timeout
        )
        await self._on_a_thread(call)

    async def open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As `usernet.proxy.dialling.Dialler` has it."""
        stream = await self._on_a_thread(partial(self._way.dial, host, port, timeout=self._timeout))
        stream.setblocking(False)
        return await asyncio.open_unix_connection(sock=stream)

    async def resolve(self, name: str) -> str:
        """As `usernet.proxy.dialling.Dialler` has it."""
        with contextlib.suppress(ValueError):
            return str(ip_address(name))
        found = await self._on_a_thread(partial(self._way.resolve, name, timeout=self._timeout))
        return found[0]

    async def datagrams(self, port: int, on_datagram: OnDatagram) -> WayDatagrams:
        """As `usernet.proxy.dialling.Dialler` has it."""
        return WayDatagrams(
            await self._on_a_thread(partial(self._way.datagrams, port)), on_datagram
        )

    async def listen(self, port: int, on_connection: OnConnection) -> None:
        """As `usernet.proxy.dialling.Dialler` has it."""
        listener = await self._on_a_thread(partial(self._way.listen, port))
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(listener.fileno(), ready.set)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await ready.wait()
                    ready.clear()
                    with contextlib.suppress(TimeoutError):
                        stream, remote = listener.accept(0)
                        inbound = WayInbound(stream, remote)
                        group.create_task(_served(inbound, on_connection))
        finally:
            loop.remove_reader(listener.fileno())
            listener.close()

    def close(self) -> None:
        """As `usernet.proxy.dialling.Dialler` has it: calls that wait still are left alone."""

    async def _on_a_thread(self, call: Callable[[], _T]) -> _T:
        """Make a call that blocks; its thread is no reason for the program to stay."""
        loop = asyncio.get_running_loop()
        async with self._room:
            answer: asyncio.Future[_T] = loop.create_future()
            words = (loop, answer, call)
            threading.Thread(target=_call, args=words, name="dialling", daemon=True).start()
            return await answer


def _call(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[_T], call: Callable[[], _T]
) -> None:
    try:
        result = call()
    except Exception as error:
        settle = partial(answer.set_exception, error)
    else:
        settle = partial(answer.set_result, result)
    with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
        loop.call_soon_threadsafe(lambda: None if answer.done() else settle())


async def _served(inbound: WayInbound, on_connection: OnConnection) -> None:
    try:
        await on_connection(inbound)
    finally:
        inbound.close()


class WayInbound:
    """A connection that somebody in the tunnel began."""

    def __init__(self, stream: socket.socket, remote: tuple[str, int]) -> None:
        stream.setblocking(False)
        self._stream = stream
        self.remote = remote

    async def carry(self, local: socket.socket) -> None:
        """As `usernet.proxy.dialling.Inbound` has it."""
        await relay(self._stream, local)

    def close(self) -> None:
        """As `usernet.proxy.dialling.Inbound` has it."""
        self._stream.close()


class WayDatagrams:
    """A UDP socket in the tunnel, watched by the running loop."""

    def __init__(self, datagrams: ways.Datagrams, on_datagram: OnDatagram) -> None:
        self._datagrams = datagrams
        self._on_datagram = on_datagram
        self._loop = asyncio.get_running_loop()
        self._watched: int | None = datagrams.fileno()
        self._loop.add_reader(self._watched, self._read)

    def send(self, data: bytes, host: str, port: int) -> None:
        """As `usernet.proxy.dialling.Datagrams` has it."""
        with contextlib.suppress(OSError, ValueError):  # as lost on the way
            self._datagrams.send(data, host, port)

    def close(self) -> None:
        """As `usernet.proxy.dialling.Datagrams` has it."""
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._watched = None
            self._datagrams.close()

    def _read(self) -> None:
        with contextlib.suppress(TimeoutError, BlockingIOError):
            for _ in range(_AT_ONCE):
                self._on_datagram(*self._datagrams.receive(0))
