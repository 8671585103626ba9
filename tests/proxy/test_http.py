"""The HTTP proxy with real clients, on loopback."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from usernet.proxy.credentials import Credentials
from usernet.proxy.http import HttpProxy

from .loopback import Loopback, origin, program, served, web

if TYPE_CHECKING:
    import h11

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
CURL = ("curl", "-sS", "--max-time", "60")
USERS = Credentials({"ann": "secret"})


async def said_to(port: int, words: bytes) -> bytes:
    """What comes back to a client that says this and no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


@needs_curl
def test_curl_gets_and_posts_and_keeps_both_connections() -> None:
    async def main() -> None:
        seen: list[tuple[h11.Request, bytes]] = []
        async with (
            Loopback() as dialler,
            web(seen) as port,
            served(HttpProxy(dialler, None, print, print).serve) as (at, _),
        ):
            url = f"http://db.internal:{port}/a?b=c"
            big = "x" * 100_000
            code, out, said = await program(
                *CURL, "-x", f"http://127.0.0.1:{at}", "-w", "%{num_connects} ",
                url, "--next", *CURL[1:], "-x", f"http://127.0.0.1:{at}", "-w", "%{num_connects}",
                "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", url,
                stdin=big.encode(),
            )  # fmt: skip
            assert (code, said) == (0, "")
            assert out.decode() == "got 1 got " + big + "0"
        assert [request.method for request, _ in seen] == [b"GET", b"POST"]
        assert seen[0][0].target == b"/a?b=c"
        fields = dict(seen[0][0].headers)
        assert fields[b"host"] == f"db.internal:{port}".encode()
        assert fields[b"via"] == b"1.1 usernet"
        assert b"proxy-connection" not in fields
        assert dialler.dialled == [("db.internal", port)]

    asyncio.run(main())


@needs_curl
def test_curl_by_connect_with_a_password() -> None:
    async def main() -> None:
        seen: list[tuple[h11.Request, bytes]] = []
        async with (
            Loopback() as dialler,
            web(seen) as port,
            served(HttpProxy(dialler, USERS, print, print).serve) as (at, _),
        ):
            url, way = f"http://db.internal:{port}/", f"http://ann:secret@127.0.0.1:{at}"
            code, out, said = await program(*CURL, "--proxytunnel", "-x", way, "-d", "x", url)
            assert (code, out, said) == (0, b"got x", "")
            wrong = f"http://ann:wrong@127.0.0.1:{at}"
            code, _, said = await program(*CURL, "--proxytunnel", "-x", wrong, url)
            assert code == 56
            assert "407" in said
            code, out, _ = await program(*CURL, "-w", "%{http_code}", "-x", wrong, url)
            assert (code, out) == (0, b"usernet: wrong user or password\n407")
        assert len(seen) == 1

    asyncio.run(main())


def test_connect_takes_not_a_byte_too_many() -> None:
    async def main() -> bytes:
        async with (
            Loopback() as dialler,
            origin(greets=b"first ") as port,
            served(HttpProxy(dialler, None, print, print).serve) as (at, _),
        ):
            words = f"CONNECT db.internal:{port} HTTP/1.1\r\nHost: x\r\n\r\nearly"
            return await said_to(at, words.encode())

    assert asyncio.run(main()) == b"HTTP/1.1 200 Connection established\r\n\r\nfirst early"


@pytest.mark.parametrize(
    ("words", "status", "body"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "this is a proxy: it wants a whole URL"),
        (b"GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "https:// goes by CONNECT"),
        (b"\x05\x01\x00 \r\n\r\n", 400, "illegal request line"),
        (b"CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the target is no host:port"),
        (b"GET http://no.such/ HTTP/1.1\r\nHost: x\r\n\r\n", 502, "unknown name"),
        (b"CONNECT db.internal:1 HTTP/1.1\r\nHost: x\r\n\r\n", 502, "refused"),
        (b"GET http://x/ HTTP/1.1\r\nX: " + b"x" * 70_000, 400, "bytes before a blank line"),
        (
            b"POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "conflicting Content-Length",
        ),
    ],
    ids=range(8),
)
def test_what_is_refused(words: bytes, status: int, body: str) -> None:
    async def main() -> bytes:
        async with served(HttpProxy(Loopback(), None, lambda _: None, lambda _: None).serve) as (
            at,
            _,
        ):
            return await said_to(at, words)

    head, _, said = asyncio.run(main()).partition(b"\r\n\r\n")
    assert head.split()[1] == str(status).encode()
    assert b"Connection: close" in head
    assert body in said.decode()


def test_a_server_that_is_none_and_one_that_goes_away() -> None:
    async def main() -> list[bytes]:
        answers: list[bytes] = []
        for greeting in (b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"):

            async def serve(
                _: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes = greeting
            ) -> None:
                writer.write(words)
                writer.close()

            async with (
                await asyncio.start_server(serve, "127.0.0.1", 0) as server,
                served(HttpProxy(Loopback(), None, lambda _: None, lambda _: None).serve) as (
                    at,
                    _,
                ),
            ):
                port = server.sockets[0].getsockname()[1]
                words = f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n"
                answers.append(await said_to(at, words.encode()))
        return answers

    none, short = asyncio.run(main())
    assert none.startswith(b"HTTP/1.1 502 ")
    assert short.endswith(b"\r\n\r\nabc")


def test_who_says_nothing_is_let_go() -> None:
    async def main() -> list[str]:
        proxy = HttpProxy(Loopback(), None, print, print, head_seconds=0.05)
        async with served(proxy.serve) as (at, said):
            reader, writer = await asyncio.open_connection("127.0.0.1", at)
            writer.write(b"GET")
            assert await reader.read() == b""
            writer.close()
        return said

    assert asyncio.run(main()) == ["client: took too long to say what it wants"]
