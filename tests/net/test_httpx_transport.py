"""httpx transports: they connect from a host, also without `with host:`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import httpx
import pytest

from usernet.net.simulate import simulate

from .ideal import IdealNetwork, ideal
from .test_host import certificates

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body) -> None:
    async def main() -> None:
        with ideal() as network:
            await body(network)

    simulate(main())


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while request := await reader.readuntil(b"\r\n\r\n"):
        if b"/silence" in request:
            await asyncio.sleep(3600)
        name = writer.get_extra_info("peername")[0].encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await answer(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def test_requests_leave_from_the_host() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(serve, "10.0.0.2", 80)
        async with httpx.AsyncClient(transport=laptop.httpx_transport()) as client:
            for _ in range(2):
                assert (await client.get("http://server/")).text == "10.0.0.1"
        listener.close()

    on_network(body)


def test_tls() -> None:
    client_context, server_context = certificates()

    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(serve, "10.0.0.2", 443, ssl=server_context)
        transport = laptop.httpx_transport(verify=client_context)
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get("https://server/")).text == "10.0.0.1"
        async with httpx.AsyncClient(transport=laptop.httpx_transport()) as client:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await client.get("https://server/")
        listener.close()
        await asyncio.sleep(1)

    on_network(body)


def test_errors_are_those_of_httpx() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(serve, "10.0.0.2", 80)
        async with httpx.AsyncClient(transport=laptop.httpx_transport(), timeout=5) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("http://server:81/")
            with pytest.raises(httpx.ConnectError, match="nowhere"):
                await client.get("http://nowhere/")
            with pytest.raises(httpx.ReadTimeout):
                await client.get("http://server/silence")
        assert asyncio.get_running_loop().time() < 6
        listener.close()
        await asyncio.sleep(4000)

    on_network(body)
