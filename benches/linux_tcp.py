"""One TCP stream over a bad line, beside Linux's own TCP over the same line at the same time.

Three lines run side by side, with the same seed and so with the same fate for the n-th packet::

    Linux ── tun ── line ── tun ── Linux        what everything is held against
    a host of usernet ── line ── tun ── Linux   up
    Linux ── tun ── line ── a host of usernet   down
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import subprocess
import threading
import time
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

import usernet
from benches.figures import Figure, at_least, run
from usernet.sandbox import Namespace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SECONDS = 15.0
SEEDS = (1, 2, 3)
SHARE = 0.95
PORT = 5001
CHUNK = 1 << 16
CLIENT, SERVER = "10.78.0.1", "10.78.0.2"


class Line(NamedTuple):
    """What the packets go through, and which algorithm the senders have."""

    rtt_ms: int
    loss: str
    congestion: Literal["cubic", "bbr"]

    @property
    def impairment(self) -> usernet.Impairment:
        """One direction of it."""
        return usernet.Impairment(
            delay=f"{self.rtt_ms / 2}ms", loss=self.loss, rate="100mbit", queue="256p"
        )

    def __str__(self) -> str:
        return f"{self.congestion}, {self.rtt_ms} ms, {self.loss} loss"


ALGORITHMS: tuple[Literal["cubic"], Literal["bbr"]] = ("cubic", "bbr")
LINES = [
    Line(rtt, loss, congestion)
    for congestion in ALGORITHMS
    for rtt in (20, 100)
    for loss in ("0%", "0.1%", "1%")
]


def linux_tcp() -> Iterator[Figure]:
    """One TCP stream beside Linux's own, same line, same moment."""
    for line in LINES:
        runs = [asyncio.run(side_by_side(line, seed)) for seed in SEEDS]
        linux, up, down = (statistics.mean(column) for column in zip(*runs, strict=True))
        for work, ours in (("up", up), ("down", down)):
            yield at_least(SHARE, f"{line}, {work}", ours, "Mbit/s", peer=linux, peer_name="Linux")


async def side_by_side(line: Line, seed: int) -> tuple[float, float, float]:
    """Mbit/s of Linux to Linux, of usernet to Linux and of Linux to usernet."""
    both, up, down = await asyncio.gather(
        linux_to_linux(line, seed), up_to_linux(line, seed), down_from_linux(line, seed)
    )
    return both, up, down


async def linux_to_linux(line: Line, seed: int) -> float:
    """What Linux does by itself, in Mbit/s."""
    with ExitStack() as stack:
        client, server = (stack.enter_context(Namespace()) for _ in range(2))
        net = stack.enter_context(usernet.Network(seed=seed))
        for name, place, address, peer in (
            ("first", client, CLIENT, SERVER),
            ("second", server, SERVER, CLIENT),
        ):
            interface = f"bench-{name}"
            net.app(name, usernet.Tun(interface))
            settle(place, interface, address, peer)
        net.connect("first.tx -> second.rx", line.impairment)
        net.connect("second.tx -> first.rx", line.impairment)
        sink = Sink(server.socket(), SERVER)
        feed(client.socket(), line.congestion)
        return await sink.rate()


async def up_to_linux(line: Line, seed: int) -> float:
    """What a host of usernet sends to Linux, in Mbit/s."""
    async with joined(line, seed, "bench-up") as (host, place):
        sink = Sink(place.socket(), SERVER)
        _, writer = await host.open_connection(SERVER, PORT)
        sending = asyncio.ensure_future(pour(writer))
        rate = await sink.rate()
        sending.cancel()
        writer.transport.abort()
        return rate


async def down_from_linux(line: Line, seed: int) -> float:
    """What a host of usernet gets from Linux, in Mbit/s."""
    async with joined(line, seed, "bench-down") as (host, place):
        came: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set_result(await measure(reader))
            writer.transport.abort()

        await host.start_server(count, CLIENT, PORT)
        feed(place.socket(), line.congestion, CLIENT)
        return await came


@asynccontextmanager
async def joined(
    line: Line, seed: int, interface: str
) -> AsyncIterator[tuple[usernet.Host, Namespace]]:
    """A host of usernet and a namespace, joined by the line."""
    with Namespace() as place:
        async with usernet.Network(seed=seed) as net:
            host = net.host("host", f"{CLIENT}/24", congestion=line.congestion)
            net.app("tun", usernet.Tun(interface))
            settle(place, interface, SERVER, CLIENT)
            net.link(host, "tun", line.impairment)
            yield host, place


def settle(place: Namespace, interface: str, address: str, peer: str) -> None:
    """Give an interface to a namespace, with an address."""
    subprocess.run(["ip", "link", "set", interface, "netns", str(place.pid)], check=True)
    place.ip(
        f"address add {address} peer {peer} dev {interface}", f"link set {interface} mtu 1500 up"
    )


class Sink:
    """A listening Linux socket that counts what comes over its first connection."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self._listener = listener
        listener.bind((address, PORT))
        listener.listen()

    async def rate(self) -> float:
        """Mbit/s from the first byte on."""
        return await asyncio.to_thread(self._rate)

    def _rate(self) -> float:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection:
            count, began = len(connection.recv(CHUNK)), time.monotonic()
            while time.monotonic() - began < SECONDS:
                count += len(connection.recv(CHUNK))
            return count * 8 / SECONDS / 1e6


def feed(connection: socket.socket, congestion: str, address: str = SERVER) -> None:
    """Send zeros on a Linux socket, on a thread of its own, until the peer is gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())

    def send() -> None:
        with connection, contextlib.suppress(OSError):
            connection.connect((address, PORT))
            while True:
                connection.sendall(bytes(CHUNK))

    threading.Thread(target=send, daemon=True).start()


async def pour(writer: asyncio.StreamWriter) -> None:
    """Send zeros until the peer is gone."""
    with contextlib.suppress(OSError):
        while True:
            writer.write(bytes(CHUNK))
            await writer.drain()


async def measure(reader: asyncio.StreamReader) -> float:
    """Mbit/s from the first byte on."""
    count, began = len(await reader.read(CHUNK)), time.monotonic()
    while time.monotonic() - began < SECONDS:
        count += len(await reader.read(CHUNK))
    return count * 8 / SECONDS / 1e6


if __name__ == "__main__":
    run(linux_tcp)
