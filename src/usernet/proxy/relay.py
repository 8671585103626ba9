"""Relay: two sockets of this machine carry each other's bytes, with half-close and back-pressure.

For what the engine cannot join, since neither end is a connection of a host.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

__all__ = ["relay"]

_PIECE = 256 * 1024
"""Bytes that are held for each way at most."""


async def relay(first: socket.socket, second: socket.socket) -> None:
    """Carry bytes both ways until both have ended, or one has failed; both are closed then.

    Args:
        first: A connected stream socket that does not block.
        second: Another.

    Raises:
        OSError: One of them was reset.
    """
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_carry(first, second))
            group.create_task(_carry(second, first))
    except* OSError as errors:
        raise errors.exceptions[0] from None
    finally:
        first.close()
        second.close()


async def _carry(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    room = memoryview(bytearray(_PIECE))
    while count := await loop.sock_recv_into(source, room):
        await loop.sock_sendall(sink, room[:count])
    with contextlib.suppress(OSError):  # it has gone already
        sink.shutdown(socket.SHUT_WR)
