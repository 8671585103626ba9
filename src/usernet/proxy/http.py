"""An HTTP proxy: CONNECT, after which the client's socket is carried, and plain requests."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from usernet.errors import AuthenticationError, HandshakeError, UsernetError
from usernet.proxy import http_message as message
from usernet.proxy.http_exchange import Upstream, exchange
from usernet.proxy.reading import head
from usernet.proxy.server import place, words

if TYPE_CHECKING:
    import socket

    from usernet.proxy.credentials import Credentials
    from usernet.proxy.dialling import Dialler
    from usernet.proxy.server import Say

__all__ = ["HttpProxy"]

_HEAD_SECONDS = 10.0
"""How long a client may take for the head of a request that it has begun, or for its first."""
_IDLE_SECONDS = 60.0
"""How long a client may say nothing between two requests."""
_LARGEST_HEAD = 64 * 1024
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class HttpProxy:
    """Serves clients that speak HTTP to a proxy.

    Args:
        dialler: Who dials.
        credentials: Who may ask; everybody where None.
        say: Told what each client asks for.
        warn: Told who got no answer, and why.
        head_seconds: How long a client may take for the head of a request.
    """

    def __init__(
        self,
        dialler: Dialler,
        credentials: Credentials | None,
        say: Say,
        warn: Say,
        head_seconds: float = _HEAD_SECONDS,
    ) -> None:
        self._dialler = dialler
        self._credentials = credentials
        self._say = say
        self._warn = warn
        self._head_seconds = head_seconds

    async def serve(self, client: socket.socket) -> None:
        """Serve one client, whose socket does not block, until it or the proxy ends it.

        Raises:
            OSError: The client has gone, or was too slow.
        """
        connection = h11.Connection(h11.SERVER, _LARGEST_HEAD)
        upstream = Upstream(self._dialler)
        seconds = self._head_seconds
        try:
            while request := await self._request(client, connection, seconds):
                if not await self._answer(request, client, connection, upstream):
                    return
                connection.start_next_cycle()
                seconds = _IDLE_SECONDS
        finally:
            upstream.close()

    async def _request(
        self, client: socket.socket, connection: h11.Connection, seconds: float
    ) -> h11.Request | None:
        """The next request; None where the client has ended, or what came was none."""
        try:
            async with asyncio.timeout(seconds):
                said = await head(client, _LARGEST_HEAD)
            if not said:
                return None
            connection.receive_data(said)
            event = connection.next_event()
        except (ValueError, h11.RemoteProtocolError) as error:
            await _refuse(client, connection, HTTPStatus.BAD_REQUEST, str(error))
            return None
        return event if isinstance(event, h11.Request) else None

    async def _answer(
        self,
        request: h11.Request,
        client: socket.socket,
        connection: h11.Connection,
        upstream: Upstream,
    ) -> bool:
        """Answer a request; whether the client's connection goes on."""
        try:
            if not message.is_admitted(request, self._credentials):
                raise AuthenticationError("wrong user or password")
            if request.method == b"CONNECT":
                await self._connect(request, client)
                return False
            self._say(f"{request.method.decode()} {_shown(request.target)}")
            return await exchange(request, client, connection, upstream)
        except (UsernetError, OSError, message.BadRequestError) as error:
            self._warn(f"{_shown(request.target)}: {words(error)}")
            await _refuse(client, connection, _status(error), words(error))
            return False

    async def _connect(self, request: h11.Request, client: socket.socket) -> None:
        host, port = message.authority(request.target)
        self._say(f"CONNECT {place(host, port)}")
        await self._dialler.carry(client, host, port, _ESTABLISHED)


def _shown(target: bytes) -> str:
    """A target without its query, which may be secret."""
    return target.partition(b"?")[0].decode("ascii", "replace")


def _status(error: Exception) -> HTTPStatus:
    if isinstance(error, AuthenticationError):
        return HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    if isinstance(error, message.BadRequestError):
        return HTTPStatus.BAD_REQUEST
    is_late = isinstance(error, (TimeoutError, HandshakeError))
    return HTTPStatus.GATEWAY_TIMEOUT if is_late else HTTPStatus.BAD_GATEWAY


async def _refuse(
    client: socket.socket, connection: h11.Connection, status: HTTPStatus, problem: str
) -> None:
    """Say why not, if it is not too late for that; the connection ends then."""
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    body = f"usernet: {problem}\n".encode()
    fields = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        fields.append(("Proxy-Authenticate", 'Basic realm="usernet", charset="UTF-8"'))
    response = h11.Response(status_code=status, reason=status.phrase.encode(), headers=fields)
    parts = [
        connection.send(event) for event in (response, h11.Data(data=body), h11.EndOfMessage())
    ]
    await asyncio.get_running_loop().sock_sendall(client, b"".join(part or b"" for part in parts))
