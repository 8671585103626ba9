"""TLS by asyncio's own protocol, over a host's connections."""

from __future__ import annotations

from asyncio import sslproto
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable

__all__ = ["Tls"]


class Tls:
    """What a connection needs to know of its TLS.

    Args:
        context: True for the default context of a client.
        timeouts: Of the handshake and of the shutdown, in seconds; asyncio's where None.
        server_side: Whether it is the server's end.
        server_hostname: The name that the server's certificate must have.
    """

    def __init__(
        self,
        context: ssl.SSLContext | bool,
        timeouts: tuple[float | None, float | None] = (None, None),
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
    ) -> None:
        self._context = None if isinstance(context, bool) else context
        self._timeouts = timeouts
        self._server_side = server_side
        self._server_hostname = server_hostname

    def over(
        self,
        connect: Callable[[asyncio.Protocol], object],
        loop: asyncio.AbstractEventLoop,
        application: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None,
    ) -> asyncio.Transport:
        """The transport that the application writes to.

        Args:
            connect: Makes the transport beneath, for the protocol that it is given.
            loop: Whose callbacks run the protocols.
            application: Who gets what has been decrypted.
            waiter: A future that is done after the handshake.
        """
        protocol = sslproto.SSLProtocol(
            cast("asyncio.BaseEventLoop", loop),
            cast("asyncio.Protocol", application),
            cast("ssl.SSLContext", self._context),
            cast("asyncio.Future[object]", waiter),
            self._server_side,
            self._server_hostname,
            ssl_handshake_timeout=cast("int | None", self._timeouts[0]),
            ssl_shutdown_timeout=self._timeouts[1],
        )
        connect(cast("asyncio.Protocol", protocol))
        return cast("asyncio.Transport", protocol._app_transport)
