"""Reading a client's words from its socket, and not a byte more: the rest is not ours to read."""

from __future__ import annotations

import asyncio
import re
import socket

__all__ = ["exactly", "head"]

_PEEK = 16 * 1024
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


async def exactly(client: socket.socket, count: int) -> bytes:
    """Exactly so many bytes.

    Raises:
        ConnectionResetError: The client has gone before.
    """
    loop = asyncio.get_running_loop()
    parts = bytearray()
    while len(parts) < count:
        part = await loop.sock_recv(client, count - len(parts))
        if not part:
            raise ConnectionResetError("the client went away")
        parts += part
    return bytes(parts)


async def head(client: socket.socket, most: int) -> bytes:
    """All up to and with the first blank line; nothing where the client ends before it begins.

    Args:
        client: A socket that does not block.
        most: How many bytes there may be.

    Raises:
        ConnectionResetError: The client has gone in the middle.
        ValueError: There are more.
    """
    got = bytearray()
    while True:
        seen = await _peeked(client)
        if not seen:
            if got:
                raise ConnectionResetError("the client went away")
            return b""
        end = _BLANK_LINE.search(got + seen, max(0, len(got) - 3))
        wanted = len(seen) if end is None else end.end() - len(got)
        got += client.recv(wanted)
        if end is not None:
            return bytes(got)
        if len(got) > most:
            raise ValueError(f"more than {most} bytes before a blank line")


async def _peeked(client: socket.socket) -> bytes:
    """What stands in the socket, at least one byte unless the client has ended."""
    while True:
        try:
            return client.recv(_PEEK, socket.MSG_PEEK)
        except BlockingIOError:
            await _readable(client)


async def _readable(client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(client, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(client)
