"""asyncio between two hosts of one process, beside asyncio over the kernel's loopback."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import usernet
from benches.figures import Figure, at_least, at_most, run
from usernet.net.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamWriter]
Work = "Callable[[Pair], Awaitable[float]]"

CHUNK = 64 * 1024
SECONDS = 2.0
CHUNKS = 2000
SEGMENT = 1448
"""Payload of a TCP segment, where the MTU is 1500."""
TURNS = 10_000
ROUNDS = 3
FAREWELL = 5


def streams() -> Iterator[Figure]:
    """Streams and turns between two hosts of one process, in real and in virtual time."""
    ours, theirs = side_by_side(throughput)
    yield at_least(0.6, "streams, MTU 1500", ours, "Gbit/s", peer=theirs, peer_name="loopback")
    ours, theirs = side_by_side(turns)
    slow = ours / theirs
    yield Figure(
        "1 byte and back, p50", ours, "µs", "≤ 2 × the peer's", slow <= 2, theirs, "loopback"
    )
    packets = simulate(virtual_packets())
    yield Figure("packets in virtual time", packets, "k/s", "≥ 500 k/s", packets >= 500)
    packets = simulate(virtual_packets(rate="100mbit"))
    yield Figure("the same, each read by itself", packets, "k/s", "none", met=True)
    yield at_most(10, "an idle hour, connected", simulate(idle_hour()), "ms")


def side_by_side(work: Callable[[Pair], Awaitable[float]]) -> tuple[float, float]:
    """The medians of usernet and of the loopback, measured in turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(asyncio.run(on_hosts(work)))
        theirs.append(asyncio.run(on_loopback(work)))
    return sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]


async def on_hosts(work: Callable[[Pair], Awaitable[float]]) -> float:
    """Measure between two hosts."""
    async with hosts() as pair:
        return await work(pair)


@asynccontextmanager
async def hosts() -> AsyncIterator[Pair]:
    """A connection between two hosts, on a perfect line."""
    async with usernet.Network() as net:
        client = net.host("client", "10.0.0.1/24")
        server = net.host("server", "10.0.0.2/24")
        net.link(client, server)
        accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        listener = await server.start_server(lambda *ends: accepted.put_nowait(ends), port=7)
        reader, writer = await client.open_connection("server", 7)
        yield (reader, writer, *await accepted.get())
        listener.close()


async def on_loopback(work: Callable[[Pair], Awaitable[float]]) -> float:
    """Measure over the loopback."""
    accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    listener = await asyncio.start_server(lambda *ends: accepted.put_nowait(ends), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
    result = await work((reader, writer, *await accepted.get()))
    listener.close()
    return result


async def throughput(pair: Pair) -> float:
    """One way, in Gbit/s, in chunks of 64 kB."""
    _, writer, reader, other = pair
    end = time.perf_counter() + SECONDS
    received = 0

    async def send() -> None:
        data = bytes(CHUNK)
        while time.perf_counter() < end:
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async with asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        group.create_task(send())
        while data := await reader.read(CHUNK):
            received += len(data)
        took = time.perf_counter() - begun
    writer.close()
    other.close()
    return received * 8 / took / 1e9


async def turns(pair: Pair) -> float:
    """The median time of one byte and back, in µs."""
    reader, writer, other_reader, other_writer = pair

    async def answer() -> None:
        while data := await other_reader.read(1):
            other_writer.write(data)

    async with asyncio.TaskGroup() as group:
        group.create_task(answer())
        times = []
        for _ in range(TURNS):
            begun = time.perf_counter()
            writer.write(b"x")
            await reader.readexactly(1)
            times.append(time.perf_counter() - begun)
        writer.write_eof()
    writer.close()
    other_writer.close()
    return sorted(times)[TURNS // 2] * 1e6


real_clock = time.perf_counter
"""Simulations patch the clocks of `time`."""


async def virtual_packets(**line: str) -> float:
    """Packets of 1448 bytes of a transfer in virtual time, in thousands a second of real time."""
    async with usernet.Network() as net:
        client = net.host("client", "10.0.0.1/24")
        server = net.host("server", "10.0.0.2/24")
        net.link(client, server, usernet.Impairment(delay="10ms", **line))
        done = asyncio.get_running_loop().create_future()

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1 << 20):
                pass
            writer.close()
            done.set_result(None)

        await server.start_server(swallow, port=7)
        _, writer = await client.open_connection("server", 7)
        begun = real_clock()
        for _ in range(CHUNKS):
            writer.write(bytes(CHUNK))
            await writer.drain()
        writer.close()
        await done
        return CHUNKS * CHUNK / SEGMENT / (real_clock() - begun) / 1e3


async def idle_hour() -> float:
    """An hour in which two connected hosts say nothing, in ms of real time."""
    async with hosts() as (_, writer, _, other):
        begun = real_clock()
        await asyncio.sleep(3600)
        took = real_clock() - begun
        writer.close()
        other.close()
    return took * 1e3


if __name__ == "__main__":
    run(streams)
