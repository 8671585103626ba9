"""Server: listening sockets of a host, and the connections accepted from them, as in asyncio."""

from __future__ import annotations

import asyncio
import functools
import sys
import weakref
from typing import TYPE_CHECKING

from usernet.net.bridge import GONE
from usernet.net.transports import StreamTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextvars import Context

    from usernet.net.border import CoreSocket
    from usernet.net.socket import Socket
    from usernet.net.tls import Tls

__all__ = ["Server"]

_WAITS_FOR_CONNECTIONS = sys.version_info >= (3, 12, 1)
"""Since Python 3.12.1 `wait_closed` waits until all connections are closed, too."""


class Server(asyncio.AbstractServer):
    """A server on a host.

    Args:
        loop: The loop whose callbacks run the protocols.
        sockets: The sockets to listen on.
        protocol_factory: Makes the protocol of each connection.
        tls: How to speak TLS; None where not.
        backlog: How many connections may wait on each socket.
        context: The context in which the protocols are called.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: Sequence[Socket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        tls: Tls | None,
        backlog: int,
        context: Context,
    ) -> None:
        self._loop = loop
        self._sockets: Sequence[Socket] | None = sockets
        self._protocol_factory = protocol_factory
        self._tls = tls
        self._backlog = backlog
        self._context = context
        self._serving = False
        self._forever: asyncio.Future[None] | None = None
        self._waiters: list[asyncio.Future[None]] | None = []
        self._clients: weakref.WeakSet[StreamTransport] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sockets={self.sockets!r}>"

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """The sockets it listens on; none once it is closed."""
        return tuple(self._sockets or ())

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop it belongs to."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether it accepts connections."""
        return self._serving

    async def start_serving(self) -> None:
        """Accept connections from now on."""
        self.listen()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Accept connections until this is cancelled."""
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        if self._sockets is None:
            raise RuntimeError(f"server {self!r} is closed")
        self.listen()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def listen(self) -> None:
        """Accept connections from now on, at once."""
        if self._serving or self._sockets is None:
            return
        self._serving = True
        for socket in self._sockets:
            socket.listen(self._backlog)
            socket.watched_by(self._context, functools.partial(self._on_events, socket))
            # A socket that listened before may have connections already.
            self._loop.call_soon(self._accept, socket, context=self._context)

    def close(self) -> None:
        """Accept no more; what has been accepted goes on."""
        sockets, self._sockets = self._sockets, None
        if sockets is None:
            return
        self._serving = False
        for socket in sockets:
            socket.close()
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
        self._wake_if_over()

    def close_clients(self) -> None:
        """Close all connections that it accepted."""
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self) -> None:
        """Close all connections that it accepted, without waiting for what is to be sent."""
        for transport in list(self._clients):
            transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed, and (from Python 3.12.1 on) all its connections are."""
        if self._waiters is None or (self._sockets is None and not _WAITS_FOR_CONNECTIONS):
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def attach(self, transport: StreamTransport) -> None:
        """A connection of this server has come about."""
        self._clients.add(transport)

    def detach(self, transport: StreamTransport) -> None:
        """A connection of this server is over."""
        self._clients.discard(transport)
        self._wake_if_over()

    def _wake_if_over(self) -> None:
        if self._sockets is not None or self._clients or self._waiters is None:
            return
        waiters, self._waiters = self._waiters, None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _on_events(self, socket: Socket, flags: int) -> None:
        if flags & GONE:
            self.close()
        else:
            self._accept(socket)

    def _accept(self, socket: Socket) -> None:
        while self._serving:
            core = socket.accept_core()
            if core is None:
                return
            context = self._context.copy()
            context.run(self._begin, socket, core, context)

    def _begin(self, socket: Socket, core: CoreSocket, context: Context) -> None:
        try:
            protocol = self._protocol_factory()
        except (SystemExit, KeyboardInterrupt):
            core.abort()
            raise
        except BaseException as error:
            core.abort()
            message = "Error on transport creation for incoming connection"
            self._loop.call_exception_handler({"message": message, "exception": error})
            return

        def connect(protocol: asyncio.BaseProtocol) -> StreamTransport:
            return StreamTransport(
                self._loop,
                socket.host,
                core,
                protocol,
                server=self,
                family=socket.family,
                context=context,
            )

        if self._tls is None:
            connect(protocol)
        else:
            self._tls.over(connect, self._loop, protocol, None)
