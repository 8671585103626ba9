"""UDP ASSOCIATE (RFC 1928, 7): a client's datagrams, by a socket beside its connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Self

from usernet.proxy.server import listening
from usernet.proxy.socks5 import Datagram

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.proxy.dialling import Datagrams, Dialler

__all__ = ["Association"]

_LARGEST = 65535
_AT_ONCE = 64
"""Datagrams that are taken in one go, so that others have their turn."""
_MOST_NAMES = 256
"""Names that an association remembers; with more it asks again."""
_MOST_QUESTIONS = 16
"""Names that are asked for at a time; datagrams to others are dropped meanwhile."""


class Association:
    """The relay of one client: only datagrams from its own address count.

    Args:
        client: The client's connection.
        relay: Where its datagrams come, a socket of this machine.
        dialler: Who opens sockets in the network.
    """

    def __init__(self, client: socket.socket, relay: socket.socket, dialler: Dialler) -> None:
        self._peer: str = client.getpeername()[0]
        self._source: tuple[str, int] | None = None
        self._relay = relay
        self._dialler = dialler
        self._names: dict[str, str] = {}
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._datagrams: Datagrams | None = None
        self.address: tuple[str, int] = relay.getsockname()[:2]

    @classmethod
    async def open(cls, client: socket.socket, dialler: Dialler) -> Self:
        """Open the relay at the address that the client came to.

        Raises:
            OSError: There is no socket to be had.
        """
        relay = listening(client.getsockname()[0], 0, socket.SOCK_DGRAM)[0]
        one = cls(client, relay, dialler)
        try:
            one._datagrams = await dialler.datagrams(0, one._back)
        except BaseException:
            relay.close()
            raise
        asyncio.get_running_loop().add_reader(relay, one._forth)
        return one

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._relay)
        self._relay.close()
        for task in self._asked.values():
            task.cancel()
        if self._datagrams is not None:
            self._datagrams.close()

    def _forth(self) -> None:
        """Send on what the client sent."""
        with contextlib.suppress(OSError):
            for _ in range(_AT_ONCE):
                wire, source = self._relay.recvfrom(_LARGEST)
                if source[0] != self._peer or self._source not in (None, source[:2]):
                    continue
                datagram = Datagram.from_wire(wire)
                if datagram is not None:
                    self._source = source[:2]
                    self._send(datagram)

    def _send(self, datagram: Datagram) -> None:
        address = self._names.get(datagram.host)
        if address is not None:
            assert self._datagrams is not None
            self._datagrams.send(datagram.data, address, datagram.port)
        elif datagram.host not in self._asked and len(self._asked) < _MOST_QUESTIONS:
            asking = asyncio.get_running_loop().create_task(self._ask(datagram))
            self._asked[datagram.host] = asking

    async def _ask(self, datagram: Datagram) -> None:
        """Find the address of a name, for this datagram and those to come."""
        try:
            with contextlib.suppress(OSError):
                found = await self._dialler.resolve(datagram.host)
                if len(self._names) >= _MOST_NAMES:
                    self._names.clear()
                self._names[datagram.host] = found
                self._send(datagram)
        finally:
            del self._asked[datagram.host]

    def _back(self, data: bytes, host: str, port: int) -> None:
        """Hand the client what came for it."""
        if self._source is not None:
            with contextlib.suppress(OSError):  # no room, or the client has gone
                self._relay.sendto(Datagram(host, port, data).to_wire(), self._source)
