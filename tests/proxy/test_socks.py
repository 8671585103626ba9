"""The SOCKS proxy with real clients, on loopback."""

from __future__ import annotations

import asyncio
import shutil
import socket

import pytest

from usernet.proxy.credentials import Credentials
from usernet.proxy.socks import SocksProxy
from usernet.proxy.socks5 import Datagram, Reply, reply

from .loopback import Loopback, origin, program, served, web

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
NOBODY = 1
"""A port of loopback where nobody listens."""
GREETING = b"SSH-2.0-first\r\n"
CURL = ("curl", "-sS", "--max-time", "60")


async def asked(port: int, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has sent these words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    return reader, writer


def connect(port: int, host: bytes = b"db.internal") -> bytes:
    name = bytes([len(host)]) + host
    return b"\x05\x01\x00" + b"\x05\x01\x00\x03" + name + port.to_bytes(2)


def test_the_answer_comes_before_a_server_that_speaks_first() -> None:
    async def main() -> None:
        async with (
            Loopback() as dialler,
            origin(greets=GREETING) as port,
            served(SocksProxy(dialler, None, print, print).serve) as (proxy, _),
        ):
            reader, writer = await asked(proxy, connect(port) + b"early")
            writer.write_eof()
            said = await reader.read()
            writer.close()
        assert said == b"\x05\x00" + reply(Reply.SUCCEEDED) + GREETING + b"early"
        assert dialler.dialled == [("db.internal", port)]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "port", "code"), [(b"db.internal", NOBODY, Reply.REFUSED), (b"no.such", 80, 4)]
)
def test_who_is_not_reached_is_told_of(host: bytes, port: int, code: int) -> None:
    async def main() -> tuple[bytes, list[str]]:
        said: list[str] = []
        async with served(SocksProxy(Loopback(), None, said.append, said.append).serve) as (
            proxy,
            _,
        ):
            reader, writer = await asked(proxy, connect(port, host))
            answer = await reader.read()
            writer.close()
        return answer, said

    answer, said = asyncio.run(main())
    assert answer == b"\x05\x00" + reply(Reply(code))
    assert said[0] == f"CONNECT {host.decode()}:{port}"
    assert said[1].startswith(f"{host.decode()}:{port}: ")


def test_who_says_nothing_is_let_go() -> None:
    async def main() -> list[str]:
        proxy = SocksProxy(Loopback(), None, print, print, dialogue_seconds=0.05)
        async with served(proxy.serve) as (port, said):
            reader, writer = await asked(port, b"\x05")
            assert await reader.read() == b""
            writer.close()
        return said

    assert asyncio.run(main()) == ["client: took too long to say what it wants"]


def test_no_more_clients_than_there_is_room_for() -> None:
    async def main() -> None:
        async with (
            Loopback() as dialler,
            origin(greets=GREETING) as port,
            served(SocksProxy(dialler, None, print, print).serve, 1) as (at, _),
        ):
            first, first_writer = await asked(at, b"\x05\x01\x00")
            assert await first.readexactly(2) == b"\x05\x00"
            second, second_writer = await asked(at, connect(port))
            first_writer.close()
            await second.readexactly(12)
            second_writer.close()

    asyncio.run(main())


@needs_curl
def test_curl_with_names_of_the_network_and_a_password() -> None:
    async def main() -> None:
        users = Credentials({"ann": "secret"})
        async with (
            Loopback() as dialler,
            web([]) as port,
            served(SocksProxy(dialler, users, print, print).serve) as (at, _),
        ):
            url = f"http://db.internal:{port}/"
            way = f"socks5h://ann:secret@127.0.0.1:{at}"
            code, out, said = await program(*CURL, "-x", way, "-d", "x", url)
            assert (code, out, said) == (0, b"got x", "")
            wrong = f"socks5h://ann:wrong@127.0.0.1:{at}"
            code, out, said = await program(*CURL, "-x", wrong, url)
            assert (code, out) == (97, b"")
            assert "rejected by the SOCKS5 server" in said
        assert dialler.dialled == [("db.internal", port)]

    asyncio.run(main())


def test_datagrams_by_name_and_by_address() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
            echo.setblocking(False)
            echo.bind(("127.0.0.1", 0))
            port = echo.getsockname()[1]
            async with served(SocksProxy(Loopback(), None, print, print).serve) as (proxy, _):
                reader, writer = await asked(proxy, b"\x05\x01\x00\x05\x03\x00\x01" + bytes(6))
                answer = await reader.readexactly(12)
                relay = ("127.0.0.1", int.from_bytes(answer[10:]))
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.setblocking(False)
                    name = b"\0\0\0\x03\x0bdb.internal" + port.to_bytes(2) + b"by name"
                    for wire in (name, Datagram("127.0.0.1", port, b"by address").to_wire()):
                        await loop.sock_sendto(client, wire, relay)
                        data, source = await loop.sock_recvfrom(echo, 2048)
                        await loop.sock_sendto(echo, data + b"!", source)
                        back = Datagram.from_wire(await loop.sock_recv(client, 2048))
                        expected = wire[-7:] if wire is name else b"by address"
                        assert back == ("127.0.0.1", port, expected + b"!")
                writer.close()

    asyncio.run(main())
