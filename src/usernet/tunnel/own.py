"""OwnWay: a tunnel of this process, as a way: for ``--no-agent``, and for programs that block."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

from usernet.errors import EngineError
from usernet.tunnel.ends import DatagramsEnd, ListenerEnd
from usernet.tunnel.followed import GRACE, Followed
from usernet.tunnel.pipes import DatagramPipe, ListenerPipe, greet

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.config.echo import EchoAnswer
    from usernet.net.splice import Dialled
    from usernet.tunnel.tunnel import Tunnel
    from usernet.wireguard.status import DeviceStatus

__all__ = ["OwnWay"]


class OwnWay:
    """A tunnel of this process: `usernet.tunnel.way.Way`.

    Args:
        tunnel: A tunnel that does not run yet; the way runs it, and stops it in the end.

    Raises:
        ConfigError: The tunnel cannot be.
    """

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        tunnel.__enter__()

    def dial(self, host: str, port: int, *, timeout: float | None = None) -> socket.socket:
        """As `Way.dial`."""
        connected = self._tunnel.create_connection((host, port), timeout)
        connected.settimeout(None)
        return connected

    def follow(self, host: str, port: int, *, timeout: float | None = None) -> Followed:
        """As `Way.follow`."""
        thread = self._tunnel.thread
        dialled = thread.call(self._tunnel.dial(host, port, timeout=timeout))
        ours, theirs = socket.socketpair()
        end: Future[str] = Future()
        thread.start(_follow(dialled, theirs, end))
        return Followed(ours, lambda: _end_of(end))

    def dial_for(
        self,
        client: socket.socket,
        host: str,
        port: int,
        *,
        greeting: bytes = b"",
        timeout: float | None = None,
    ) -> None:
        """As `Way.dial_for`."""
        thread = self._tunnel.thread
        dialled = thread.call(self._tunnel.dial(host, port, timeout=timeout))
        given = socket.socket(fileno=client.detach())
        thread.start(_carry(dialled, given, greeting))

    def resolve(self, name: str, family: int = 0, *, timeout: float | None = None) -> list[str]:
        """As `Way.resolve`."""
        return self._tunnel.resolve(name, family, timeout=timeout)

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
        """As `Way.ping`."""
        return self._tunnel.thread.call(
            self._tunnel.probe(
                host, number=number, size=size, hop_limit=hop_limit, port=port, timeout=timeout
            )
        )

    def listen(self, port: int, host: str | None = None) -> ListenerEnd:
        """As `Way.listen`."""
        pipe = self._tunnel.thread.call(_listen(self._tunnel, port, host))
        self._tunnel.thread.start(pipe.run())
        return ListenerEnd(pipe.end, pipe.address)

    def datagrams(self, port: int = 0, host: str | None = None) -> DatagramsEnd:
        """As `Way.datagrams`."""
        pipe = self._tunnel.thread.call(DatagramPipe.open(self._tunnel, port, host))
        self._tunnel.thread.start(pipe.run())
        return DatagramsEnd(pipe.end, pipe.address)

    def handshake(self, timeout: float) -> None:
        """As `Way.handshake`."""
        self._tunnel.thread.call(self._tunnel.handshake(timeout))

    def status(self) -> DeviceStatus:
        """As `Way.status`."""
        return self._tunnel.status()

    def close(self) -> None:
        """Stop the tunnel, and with it all that goes through it. Safe to call twice."""
        self._tunnel.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


async def _listen(tunnel: Tunnel, port: int, host: str | None) -> ListenerPipe:
    return ListenerPipe(tunnel, port, host)


async def _carry(dialled: Dialled, client: socket.socket, greeting: bytes) -> None:
    with dialled, client, contextlib.suppress(OSError, EngineError):
        await greet(client, greeting)
        await dialled.splice(client)


async def _follow(dialled: Dialled, client: socket.socket, end: Future[str]) -> None:
    said = "reset"
    try:
        with dialled, client, contextlib.suppress(OSError, EngineError):
            said = (await dialled.splice(client)).end
    finally:
        end.set_result(said)


def _end_of(end: Future[str]) -> str:
    try:
        return end.result(GRACE)
    except TimeoutError:
        return "closed"
