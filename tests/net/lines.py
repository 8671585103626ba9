"""Networks to test with: two hosts, a link, and traffic from one to the other in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, Unpack

from usernet.net.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from usernet.config.link import LinkKeys
    from usernet.net.host import Host
    from usernet.net.network import Network

_T = TypeVar("_T")


def pair(network: Network, **keys: Unpack[LinkKeys]) -> Network:
    """Put two hosts and a link into a network."""
    network.host("client", "10.0.0.1/24", "fd00::1/64")
    network.host("server", "10.0.0.2/24", "fd00::2/64")
    network.link("client", "server", **keys)
    return network


def simulated(body: Callable[[], Awaitable[_T]], *, seed: int = 0) -> _T:
    """Run this in virtual time."""

    async def main() -> _T:
        return await body()

    return simulate(main(), seed=seed)


async def upload(client: Host, server: str, count: int, *, port: int = 80) -> int:
    """Send so many bytes; returns how many the server says it has read."""
    reader, writer = await client.open_connection(server, port)
    writer.write(bytes(count))
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer)


async def count_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read to the end, and answer how many bytes there were."""
    count = 0
    while data := await reader.read(1 << 16):
        count += len(data)
    writer.write(str(count).encode())
    writer.close()
    await writer.wait_closed()


async def send_for(client: Host, server: str, seconds: float, *, port: int = 80) -> None:
    """Send as much as the line takes, for a while of the loop's time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    _, writer = await client.open_connection(server, port)
    while loop.time() < end:
        writer.write(bytes(1 << 16))
        await writer.drain()
    writer.transport.abort()
