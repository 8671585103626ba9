"""Dialling: what a proxy asks of the network that it leads into, whoever that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Awaitable, Callable

__all__ = ["Datagrams", "Dialler", "OnConnection", "OnDatagram"]

OnDatagram: TypeAlias = "Callable[[bytes, str, int], None]"
"""Takes a datagram, with the numeric address and the port that it is from."""
OnConnection: TypeAlias = "Callable[[Inbound], Awaitable[None]]"
"""Serves a connection that somebody in the network began."""


class Datagrams(Protocol):
    """A UDP socket in the network."""

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send a datagram to a numeric address; one that there is no room for is dropped."""
        ...

    def close(self) -> None:
        """Let go of it. Safe to call twice."""
        ...


class Inbound(Protocol):
    """A connection that somebody in the network began."""

    @property
    def remote(self) -> tuple[str, int]:
        """Who began it."""
        ...

    async def carry(self, local: socket.socket) -> None:
        """Have it and a socket of this machine carry each other's bytes, until both have ended.

        Both are closed in the end.
        """
        ...

    def close(self) -> None:
        """End it. Safe to call twice."""
        ...


class Dialler(Protocol):
    """Who dials in a network: a way into a tunnel, or a host."""

    async def carry(self, client: socket.socket, host: str, port: int, greeting: bytes) -> None:
        """Connect, greet the client, then let the two carry each other's bytes; returns then.

        Args:
            client: A connected stream socket; it belongs to the dialler from now on, unless this
                raises.
            host: A name or a numeric address.
            port: The port.
            greeting: What the client is sent before anything that the connection brings.

        Raises:
            OSError: Nobody is reached there (docs/errors.md).
        """
        ...

    async def open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, for who has to read what is said.

        Raises:
            OSError: Nobody is reached there.
        """
        ...

    async def resolve(self, name: str) -> str:
        """A numeric address of a name, or of itself.

        Raises:
            OSError: It has none.
        """
        ...

    async def datagrams(self, port: int, on_datagram: OnDatagram) -> Datagrams:
        """Open a UDP socket; 0 is any port that is free.

        Raises:
            OSError: The port is taken.
        """
        ...

    async def listen(self, port: int, on_connection: OnConnection) -> None:
        """Take connections at a port of the network, until cancelled.

        Raises:
            OSError: The port is taken.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
