"""One request through a plain HTTP proxy, and its response; both bodies in pieces, as they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

import h11

from usernet.proxy import http_message as message

if TYPE_CHECKING:
    import socket

    from usernet.proxy.dialling import Dialler

__all__ = ["Upstream", "exchange"]

_PIECE = 64 * 1024
_Event: TypeAlias = (
    "h11.Request | h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage"
)


class Upstream:
    """The connection to a server, kept for the client's next request to the same one.

    Args:
        dialler: Who dials.
    """

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._place: tuple[str, int] | None = None
        self._connection = h11.Connection(h11.CLIENT)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def reach(self, host: str, port: int) -> None:
        """Connect, unless the connection there can be used again.

        Raises:
            OSError: Nobody is reached there.
        """
        if self._is_reusable() and self._place == (host, port):
            self._connection.start_next_cycle()
            return
        self.close()
        self._streams = await self._dialler.open(host, port)
        self._place = (host, port)
        self._connection = h11.Connection(h11.CLIENT)

    async def send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        """Send a part of a request."""
        assert self._streams is not None
        _, writer = self._streams
        if data := self._connection.send(event):
            writer.write(data)
            await writer.drain()

    async def next(self) -> object:
        """The next part of the response."""
        assert self._streams is not None
        reader, _ = self._streams
        while (event := self._connection.next_event()) is h11.NEED_DATA:
            self._connection.receive_data(await reader.read(_PIECE))
        return event

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def _is_reusable(self) -> bool:
        states = {self._connection.our_state, self._connection.their_state}
        return self._streams is not None and states == {h11.DONE} and not self._streams[0].at_eof()


async def exchange(
    request: h11.Request, client: socket.socket, connection: h11.Connection, upstream: Upstream
) -> bool:
    """Carry a request to its server and the response back; whether both connections can go on.

    Args:
        request: What the client asks for.
        client: Its socket.
        connection: What is known of the client's connection.
        upstream: The way to the server.

    Raises:
        BadRequestError: It is for nobody.
        OSError: Nobody is reached, or the connection broke.
    """
    goal = message.target(request)
    await upstream.reach(goal.host, goal.port)
    fields = message.onward(request.headers.raw_items(), goal.host_field)
    await upstream.send(h11.Request(method=request.method, target=goal.path, headers=fields))
    body = asyncio.get_running_loop().create_task(_body(client, connection, upstream))
    try:
        await _response(client, connection, upstream)
    except h11.RemoteProtocolError as error:
        raise ConnectionResetError(f"the server's answer is none: {error}") from None
    finally:
        is_whole = body.done() and not body.cancelled() and body.exception() is None
        body.cancel()
    return is_whole and {connection.our_state, connection.their_state} == {h11.DONE}


async def _body(client: socket.socket, connection: h11.Connection, upstream: Upstream) -> None:
    """Carry the body of a request onward."""
    loop = asyncio.get_running_loop()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await loop.sock_recv(client, _PIECE))
        elif isinstance(event, h11.Data):
            await upstream.send(h11.Data(data=event.data))
        elif isinstance(event, h11.EndOfMessage):
            await upstream.send(h11.EndOfMessage())
            return
        else:
            raise ConnectionResetError("the client went away")


async def _response(client: socket.socket, connection: h11.Connection, upstream: Upstream) -> None:
    """Carry the response back."""
    loop = asyncio.get_running_loop()
    while True:
        event = await upstream.next()
        if isinstance(event, (h11.InformationalResponse, h11.Response)):
            event = type(event)(
                status_code=event.status_code,
                reason=event.reason,
                headers=message.onward(event.headers.raw_items()),
            )
        elif isinstance(event, h11.Data):
            event = h11.Data(data=event.data)
        elif not isinstance(event, h11.EndOfMessage):
            raise ConnectionResetError("the server went away")
        if data := connection.send(event):
            await loop.sock_sendall(client, data)
        if isinstance(event, h11.EndOfMessage):
            return
