"""Two hosts in real time, and what is on this machine beside them."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import usernet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from usernet.net.host import Host

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PORT = 7


@asynccontextmanager
async def two_hosts() -> AsyncIterator[tuple[Host, Host]]:
    async with usernet.Network() as net:
        client, server = net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24")
        net.link(client, server)
        yield client, server


async def serving(server: Host) -> asyncio.Queue[Pair]:
    """Whoever calls the server's port."""
    callers: asyncio.Queue[Pair] = asyncio.Queue()
    await server.start_server(lambda *ends: callers.put_nowait(ends), port=PORT)
    return callers


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """A TCP connection over the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    return one, other


def descriptors() -> int:
    """How many this process has open."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


async def descriptors_become(count: int) -> None:
    """Wait until so many are open: the engine's thread closes when nobody waits for it."""
    async with asyncio.timeout(20):
        while descriptors() != count:  # noqa: ASYNC110 - the system tells nobody
            await asyncio.sleep(0)


def memory() -> int:
    """What this process has in memory, in bytes."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
