"""websockets, client and server, as they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from .lan import certificates, on_lan

if TYPE_CHECKING:
    from usernet.net.host import Host


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def test_messages() -> None:
    client_context, server_context = certificates("server")

    async def body(client: Host, server: Host) -> None:
        with server:
            listener = await serve(echo, port=443, ssl=server_context)
        with client:
            async with connect("wss://server", ssl=client_context) as connection:
                await connection.send("hello")
                assert await connection.recv() == "hello"
                await connection.send(b"x" * 500_000)
                assert await connection.recv() == b"x" * 500_000
                # An hour of silence, kept alive by a ping every 20 s.
                await asyncio.sleep(3600)
                await connection.send("still here")
                assert await connection.recv() == "still here"
        listener.close()
        await listener.wait_closed()

    on_lan(body)
