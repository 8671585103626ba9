"""10,000 connections at once between two hosts of one process: memory and time for each."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import usernet
from benches.figures import Figure, run

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 10_000
PORT = 8080


def connections() -> Iterator[Figure]:
    """10,000 connections open at once, virtual time."""
    said = subprocess.run(
        [sys.executable, "-m", "benches.connections", "child"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    kib, microseconds = json.loads(said.stdout)
    yield Figure("memory of one, both ends and their transports", kib, "KiB", "none", met=True)
    yield Figure("processor time to open one", microseconds, "µs", "none", met=True)


async def measure() -> tuple[float, float]:
    """KiB and µs of one connection."""
    async with usernet.Network() as net:
        client, server = net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24")
        net.link(client, server, usernet.Impairment(delay="1ms"))
        accepted: list[asyncio.BaseTransport] = []
        await server.create_server(lambda: Accepted(accepted), port=PORT, backlog=COUNT)
        before, began = resident(), time.process_time()
        opened = [
            await client.create_connection(asyncio.Protocol, "server", PORT) for _ in range(COUNT)
        ]
        await asyncio.sleep(1)
        assert len(opened) == len(accepted) == COUNT, len(accepted)
        seconds = time.process_time() - began
        return (resident() - before) / COUNT, seconds / COUNT * 1e6


class Accepted(asyncio.Protocol):
    """A connection on the server."""

    def __init__(self, into: list[asyncio.BaseTransport]) -> None:
        self._into = into

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._into.append(transport)


def resident() -> float:
    """The most memory that this process had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        print(json.dumps(usernet.simulate(measure(), seed=1)))
    else:
        run(connections)
