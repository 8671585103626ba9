"""aiohttp, client and server, as they are."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from .lan import certificates, on_lan

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from usernet.net.host import Host

real_clock = time.perf_counter


async def sleepy(_: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.Response(text="slept")


async def double(request: web.Request) -> web.Response:
    return web.Response(body=await request.read() * 2)


async def talk(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data + "!")
    return socket


@asynccontextmanager
async def serving(host: Host, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes([web.get("/sleep", sleepy), web.post("/double", double), web.get("/talk", talk)])
    runner = web.AppRunner(app)
    with host:
        await runner.setup()
        await web.TCPSite(runner, port=8080, ssl_context=context).start()
    try:
        yield
    finally:
        await runner.cleanup()


def test_http() -> None:
    async def body(client: Host, server: Host) -> None:
        async with serving(server):
            with client:
                async with aiohttp.ClientSession() as session:
                    payload = b"x" * 300_000
                    async with session.post("http://server:8080/double", data=payload) as answer:
                        assert answer.status == 200
                        assert await answer.read() == payload * 2

    on_lan(body)


def test_an_hour_takes_milliseconds() -> None:
    async def body(client: Host, server: Host) -> None:
        loop = asyncio.get_running_loop()
        patience = aiohttp.ClientTimeout(total=None)
        async with serving(server):
            with client:
                async with aiohttp.ClientSession(timeout=patience) as session:
                    before, really = loop.time(), real_clock()
                    async with session.get("http://server:8080/sleep") as answer:
                        assert await answer.text() == "slept"
                    assert 3600 < loop.time() - before < 3601
                    assert real_clock() - really < 1

    on_lan(body)


def test_time_limits() -> None:
    async def body(client: Host, server: Host) -> None:
        async with serving(server):
            with client:
                limit = aiohttp.ClientTimeout(total=30)
                async with aiohttp.ClientSession(timeout=limit) as session:
                    with pytest.raises(TimeoutError):
                        await session.get("http://server:8080/sleep")
                    assert 30 <= asyncio.get_running_loop().time() < 31

    on_lan(body)


def test_https() -> None:
    client_context, server_context = certificates("server")

    async def body(client: Host, server: Host) -> None:
        async with serving(server, server_context):
            with client:
                connector = aiohttp.TCPConnector(ssl=client_context)
                async with (
                    aiohttp.ClientSession(connector=connector) as session,
                    session.post("https://server:8080/double", data=b"s") as answer,
                ):
                    assert await answer.read() == b"ss"

    on_lan(body)


def test_websocket() -> None:
    async def body(client: Host, server: Host) -> None:
        async with serving(server):
            with client:
                async with (
                    aiohttp.ClientSession() as session,
                    session.ws_connect("http://server:8080/talk") as socket,
                ):
                    await socket.send_str("hello")
                    assert await socket.receive_str() == "hello!"

    on_lan(body)


def test_nobody_serves() -> None:
    async def body(client: Host, _: Host) -> None:
        with client:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectorError, match="Cannot connect to host"):
                    await session.get("http://server:8080/")
                with pytest.raises(aiohttp.ClientConnectorDNSError):
                    await session.get("http://nowhere/")

    on_lan(body)
