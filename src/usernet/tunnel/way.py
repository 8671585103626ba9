"""Way: how programs and proxies reach hosts behind a tunnel, whoever holds it.

A tunnel of this process (`usernet.tunnel.own.OwnWay`) and one that an agent holds
(`usernet.tunnel.agent_client.AgentWay`) are alike to whoever dials. All calls block, from any
thread, several at a time; asyncio's programs make them on a thread (`asyncio.to_thread`). What they
give is a real descriptor, which any loop can watch.

What went wrong is told by the error, the same from both:

- `HandshakeError`: the peer that leads there does not answer; the message says what to check.
- `UnknownNameError`: the name is not known; `ConnectionRefusedError`: nobody listens there.
- ``OSError`` with ``ENETUNREACH`` or ``EHOSTUNREACH``: no peer leads there, or a router said so.
- `TimeoutError`: there was no answer within the time asked for.
- `ConfigError`: a file or an option is wrong; `EngineError`: the way is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from types import TracebackType
    from typing import Self

    from usernet.config.echo import EchoAnswer
    from usernet.tunnel.followed import Followed
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Datagrams", "Listener", "Way"]


class Datagrams(Protocol):
    """A UDP socket in the tunnel; one thread at a time may send, and one receive."""

    @property
    def address(self) -> tuple[str, int]:
        """The address and port in the tunnel that it sends from."""
        ...

    def fileno(self) -> int:
        """A descriptor that is readable while a datagram, or the end, waits."""
        ...

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send a datagram to a numeric address or a name.

        Returns:
            Whether it was taken. As with UDP anywhere, that is no promise: where there is no room
            it is dropped.

        Raises:
            ValueError: It is larger than a datagram can be.
        """
        ...

    def receive(self, timeout: float | None = None) -> tuple[bytes, str, int]:
        """The next datagram, and the numeric address and port that it is from.

        Raises:
            TimeoutError: None came in so many seconds.
            EngineError: The way is closed.
        """
        ...

    def close(self) -> None:
        """Let go of it. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Listener(Protocol):
    """A port in the tunnel that takes connections."""

    @property
    def address(self) -> tuple[str, int]:
        """The address and port in the tunnel."""
        ...

    def fileno(self) -> int:
        """A descriptor that is readable while a connection, or the end, waits."""
        ...

    def accept(self, timeout: float | None = None) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection, as `Way.dial` gives one, and whom it is from.

        Raises:
            TimeoutError: None came in so many seconds.
            EngineError: The way is closed.
        """
        ...

    def close(self) -> None:
        """Listen no more; connections that were accepted go on. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Way(Protocol):
    """A way into a tunnel."""

    def dial(self, host: str, port: int, *, timeout: float | None = None) -> socket.socket:
        """Connect.

        Args:
            host: A name, which is resolved in the tunnel, or a numeric address.
            port: The port.
            timeout: Seconds for all of it, the handshake and the name included; those that TCP
                takes where None.

        Returns:
            A blocking stream socket whose other end is the connection: half-close, resets and
            back-pressure pass through it.

        Raises:
            OSError: Nobody is reached there; see above for which.
        """
        ...

    def follow(self, host: str, port: int, *, timeout: float | None = None) -> Followed:
        """Connect, and be told in the end how it ended.

        Args:
            host: As in `dial`.
            port: As in `dial`.
            timeout: As in `dial`.

        Raises:
            OSError: Nobody is reached there; see above for which.
        """
        ...

    def dial_for(
        self,
        client: socket.socket,
        host: str,
        port: int,
        *,
        greeting: bytes = b"",
        timeout: float | None = None,
    ) -> None:
        """Connect, and have the connection and a client's socket carry each other's bytes.

        Once it returns, the socket belongs to the way, which closes it in the end; the caller's
        object is detached. Where it raises, the socket is still the caller's, and nothing was read
        from it.

        Args:
            client: A connected stream socket, TCP or Unix.
            host: As in `dial`.
            port: As in `dial`.
            greeting: What the client is sent when the connection stands, before anything that comes
                by it: the answer of a proxy. A few hundred bytes at most.
            timeout: As in `dial`.

        Raises:
            OSError: Nobody is reached there; see above for which.
        """
        ...

    def resolve(self, name: str, family: int = 0, *, timeout: float | None = None) -> list[str]:
        """The numeric addresses of a name, in the order in which to try them.

        Args:
            name: The name.
            family: ``AF_INET`` or ``AF_INET6``; both where 0.
            timeout: Seconds for all of it.

        Raises:
            UnknownNameError: It has none.
        """
        ...

    def ping(
        self,
        host: str,
        *,
        number: int = 1,
        size: int = 56,
        hop_limit: int = 64,
        port: int | None = None,
        timeout: float = 10.0,
    ) -> EchoAnswer:
        """Send one ICMP echo request, as `Host.probe`: ping and traceroute are made of these.

        Args:
            host: A name, which is resolved in the tunnel, or a numeric address.
            number: The sequence number of the request.
            size: How many bytes it carries.
            hop_limit: How many hosts on the way may take it, the last one included.
            port: A UDP port: a datagram goes there in place of an echo request.
            timeout: Seconds to wait, the handshake and the name included.

        Returns:
            The reply, or what a router on the way says.

        Raises:
            TimeoutError: Nothing came back.
            HandshakeError: The peer that leads there does not answer.
            OSError: There is no way there, or the name is not known.
        """
        ...

    def listen(self, port: int, host: str | None = None) -> Listener:
        """Take connections at a port in the tunnel.

        Args:
            port: The port; 0 for any that is free.
            host: One of the tunnel's addresses; all of them where None.

        Raises:
            OSError: The port is taken, or the address is not the tunnel's.
        """
        ...

    def datagrams(self, port: int = 0, host: str | None = None) -> Datagrams:
        """Open a UDP socket in the tunnel.

        Args:
            port: Its port; 0 for any that is free.
            host: One of the tunnel's addresses; whichever fits where None.

        Raises:
            OSError: The port is taken, or the address is not the tunnel's.
        """
        ...

    def handshake(self, timeout: float) -> None:
        """Wait until every peer that has an endpoint has answered.

        Raises:
            HandshakeError: One has not, in so many seconds.
        """
        ...

    def status(self) -> DeviceStatus:
        """What the tunnel is doing."""
        ...

    def close(self) -> None:
        """Let go of the way. An agent goes on, for others; safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
