"""Proxies into a simulated network, whose hosts are reached from this machine in real time."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

import usernet
from usernet.proxy.by_host import ByHost
from usernet.proxy.forward import Forward
from usernet.proxy.forwarding import Forwarding
from usernet.proxy.http import HttpProxy
from usernet.proxy.reversing import Reversing
from usernet.proxy.socks import SocksProxy
from usernet.proxy.socks5 import Datagram, Reply, reply

from .loopback import origin, program, running, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@contextlib.asynccontextmanager
async def network() -> AsyncIterator[tuple[usernet.Host, usernet.Host, int]]:
    """Two hosts on a line, and the port of a server that speaks first, then echoes."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"first ")
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        writer.close()

    async with usernet.Network() as net:
        client, server = net.host("client", "10.0.0.1/24"), net.host("db.internal", "10.0.0.2/24")
        net.link(client, server)
        async with await server.start_server(echo, None, 5432):
            yield client, server, 5432


async def said_to(port: int, words: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    writer.write_eof()
    said = await reader.read()
    writer.close()
    return said


def test_socks() -> None:
    async def main() -> bytes:
        async with network() as (client, _, port):
            proxy = SocksProxy(ByHost(client, 20.0), None, print, print)
            async with served(proxy.serve) as (at, _):
                name = b"\x05\x01\x00\x05\x01\x00\x03\x0bdb.internal" + port.to_bytes(2)
                return await said_to(at, name + b"early")

    assert asyncio.run(main()) == b"\x05\x00" + reply(Reply.SUCCEEDED) + b"first early"


@pytest.mark.parametrize(
    ("host", "port", "code"), [(b"db.internal", 1, Reply.REFUSED), (b"no.such", 80, 4)]
)
def test_who_is_not_reached(host: bytes, port: int, code: int) -> None:
    async def main() -> bytes:
        async with network() as (client, _, _):
            proxy = SocksProxy(ByHost(client, 20.0), None, print, print)
            async with served(proxy.serve) as (at, _):
                name = bytes([len(host)]) + host + port.to_bytes(2)
                return await said_to(at, b"\x05\x01\x00\x05\x01\x00\x03" + name)

    assert asyncio.run(main()) == b"\x05\x00" + reply(Reply(code))


def test_datagrams() -> None:
    async def main() -> Datagram | None:
        loop = asyncio.get_running_loop()

        class Echo(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                self.transport.sendto(data + b"!", addr)

        async with network() as (client, server, _):
            address = server.addresses[0]
            echo, _ = await server.create_datagram_endpoint(Echo, (address, 53))
            proxy = SocksProxy(ByHost(client, 20.0), None, print, print)
            async with served(proxy.serve) as (at, _):
                reader, writer = await asyncio.open_connection("127.0.0.1", at)
                writer.write(b"\x05\x01\x00\x05\x03\x00\x01" + bytes(6))
                answer = await reader.readexactly(12)
                relay = ("127.0.0.1", int.from_bytes(answer[10:]))
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    one.setblocking(False)
                    wire = b"\0\0\0\x03\x0bdb.internal\x00\x35hello"
                    await loop.sock_sendto(one, wire, relay)
                    back = Datagram.from_wire(await loop.sock_recv(one, 2048))
                writer.close()
            echo.close()
            assert back == (address, 53, b"hello!")
            return back

    assert asyncio.run(main())


@needs_curl
def test_plain_http_with_curl() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + asked.split()[1])
        writer.close()

    async def main() -> tuple[int, bytes, str]:
        async with (
            network() as (client, server, _),
            await server.start_server(page, None, 80),
            served(HttpProxy(ByHost(client, 20.0), None, print, print).serve) as (at, _),
        ):
            way = f"http://127.0.0.1:{at}"
            return await program(
                "curl", "-sS", "--max-time", "60", "-x", way, "http://db.internal/a"
            )

    assert asyncio.run(main()) == (0, b"/a", "")


def test_forwarded_there_and_back() -> None:
    async def main() -> None:
        async with network() as (client, server, port), origin(greets=b"outside ") as outside:
            dialler = ByHost(client, 20.0)
            there = Forwarding(Forward.parse(f"0:db.internal:{port}"), dialler, print)
            back = Reversing(Forward.parse(f"80:127.0.0.1:{outside}"), dialler, 20.0, print)
            async with running(there.run(), back.run()):
                assert await said_to(there.address[1], b"x") == b"first x"  # type: ignore[arg-type]
                reader, writer = await server.open_connection("client", 80)
                writer.write(b"y")
                writer.write_eof()
                assert await reader.read() == b"outside y"
                writer.close()

    asyncio.run(main())
