"""A client's words, however they come, and not a byte of what comes after them."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.proxy.reading import exactly, head

HEADS = st.lists(st.binary(min_size=1, max_size=9).map(lambda line: line.translate(None, b"\r\n")))


async def fed(pieces: list[bytes], most: int = 1000) -> tuple[bytes, bytes]:
    """The head, and what is left of what came."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        reading = loop.create_task(head(ours, most))
        for piece in pieces:
            await loop.sock_sendall(theirs, piece)
            await asyncio.sleep(0)
        theirs.shutdown(socket.SHUT_WR)
        read = await reading
        rest = b""
        while data := await loop.sock_recv(ours, 1000):
            rest += data
        return read, rest


@given(HEADS, st.sampled_from([b"\r\n", b"\n"]), st.binary(max_size=30), st.integers(1, 7))
def test_up_to_the_blank_line(lines: list[bytes], end: bytes, rest: bytes, size: int) -> None:
    words = b"".join(line + end for line in [b"GET / HTTP/1.1", *filter(None, lines)]) + end
    whole = words + rest
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert asyncio.run(fed(pieces)) == (words, rest)


def test_nothing_of_a_client_that_says_nothing() -> None:
    assert asyncio.run(fed([])) == (b"", b"")


def test_a_client_that_goes_in_the_middle() -> None:
    with pytest.raises(ConnectionResetError, match="the client went away"):
        asyncio.run(fed([b"GET / HTTP/1.1\r\n"]))


def test_more_than_there_may_be() -> None:
    with pytest.raises(ValueError, match="more than 100 bytes before a blank line"):
        asyncio.run(fed([b"x" * 101], most=100))


def test_exactly_so_many() -> None:
    async def main() -> tuple[bytes, bytes]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.sendall(b"12345")
            first = await exactly(ours, 3)
            theirs.shutdown(socket.SHUT_WR)
            with pytest.raises(ConnectionResetError):
                await exactly(ours, 3)
            return first, await exactly(ours, 0)

    assert asyncio.run(main()) == (b"123", b"")
