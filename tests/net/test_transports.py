"""Transports: the same programs on asyncio's own and on ours see the same callbacks.

Each scenario runs once over the loopback of the operating system and once on a simulated network;
what is compared is what the protocols saw, in order, with pieces of data joined.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import pytest

from usernet.net.simulate import simulate

from .ideal import ideal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

Trace: TypeAlias = "list[str]"


class Recorder(asyncio.Protocol):
    """A protocol that writes down what it sees, and does what a scenario wants of it."""

    def __init__(self, *, keep_open: bool = False) -> None:
        self.trace: Trace = []
        self.data = bytearray()
        self.keep_open = keep_open
        self.transport: asyncio.Transport
        self.made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_data: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.trace.append("made")
        self.made.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self.trace[-1].startswith("data"):
            self.trace.append("data")
        self.data += data
        self.on_data(data)

    def eof_received(self) -> bool:
        self.trace.append("eof")
        self.ended.set_result(None)
        return self.keep_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.trace.append(f"lost {type(exc).__name__}")
        self.lost.set_result(None)

    def pause_writing(self) -> None:
        self.trace.append("pause_writing")

    def resume_writing(self) -> None:
        self.trace.append("resume_writing")


class Pair:
    """Both ends of a connection."""

    def __init__(self, client: Recorder, server: Recorder, listener: asyncio.Server) -> None:
        self.client, self.server, self.listener = client, server, listener

    def traces(self) -> tuple[Trace, Trace]:
        return self.client.trace, self.server.trace


@asynccontextmanager
async def connected(
    *, client_keeps: bool = False, server_keeps: bool = False
) -> AsyncIterator[Pair]:
    """A connection by the running loop's own calls, on whatever network it has."""
    loop = asyncio.get_running_loop()
    servers: list[Recorder] = []

    def accept() -> Recorder:
        servers.append(Recorder(keep_open=server_keeps))
        return servers[-1]

    listener = await loop.create_server(accept, "127.0.0.1" if real(loop) else "server", 0)
    port = listener.sockets[0].getsockname()[1]
    _, client = await loop.create_connection(
        lambda: Recorder(keep_open=client_keeps), "127.0.0.1" if real(loop) else "server", port
    )
    while not servers:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await servers[0].made
    try:
        yield Pair(client, servers[0], listener)
    finally:
        for end in (client, servers[0]):
            if not end.lost.done():
                end.transport.abort()
        listener.close()
        await asyncio.gather(client.lost, servers[0].lost)


def real(loop: asyncio.AbstractEventLoop) -> bool:
    return isinstance(loop, asyncio.SelectorEventLoop)


async def soon() -> None:
    """Long enough for a packet on either network, and for a round of the loop or two."""
    await asyncio.sleep(0.02)


async def echo(pair: Pair) -> object:
    pair.server.on_data = pair.server.transport.write
    pair.client.transport.write(b"hello")
    while len(pair.client.data) < 5:
        await soon()
    pair.client.transport.close()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return bytes(pair.client.data)


async def half_close(pair: Pair) -> object:
    pair.client.transport.write(b"question")
    pair.client.transport.write_eof()
    await pair.server.ended
    pair.server.transport.write(b"answer")
    pair.server.transport.close()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return bytes(pair.client.data), bytes(pair.server.data)


async def write_after_eof(pair: Pair) -> object:
    pair.client.transport.write_eof()
    with pytest.raises(RuntimeError, match="after write_eof") as caught:
        pair.client.transport.write(b"more")
    return str(caught.value), pair.client.transport.can_write_eof()


async def pause_reading(pair: Pair) -> object:
    seen: list[object] = [pair.server.transport.is_reading()]
    pair.server.transport.pause_reading()
    pair.server.transport.pause_reading()
    seen.append(pair.server.transport.is_reading())
    pair.client.transport.write(b"waits")
    await soon()
    seen.append(bytes(pair.server.data))
    pair.server.transport.resume_reading()
    pair.server.transport.resume_reading()
    await soon()
    return [*seen, pair.server.transport.is_reading(), bytes(pair.server.data)]


async def write_limits(pair: Pair) -> object:
    client, server = pair.client.transport, pair.server.transport
    seen: list[object] = [client.get_write_buffer_limits()]
    client.set_write_buffer_limits(high=1000, low=100)
    seen.append(client.get_write_buffer_limits())
    server.pause_reading()
    while not client.get_write_buffer_size():
        client.write(bytes(1 << 20))
    seen.append("pause_writing" in pair.client.trace)
    server.resume_reading()
    while client.get_write_buffer_size():
        await soon()
    await soon()
    seen.append("resume_writing" in pair.client.trace)
    with pytest.raises(ValueError, match="must be >= low"):
        client.set_write_buffer_limits(high=10, low=100)
    pair.server.data.clear()
    return seen


async def close_writes_what_was_written(pair: Pair) -> object:
    size = 8 << 20
    pair.client.transport.write(bytes(size))
    pair.client.transport.close()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    pair.client.trace[:] = [one for one in pair.client.trace if "writing" not in one]
    return len(pair.server.data) == size


async def abort(pair: Pair) -> object:
    pair.client.transport.abort()
    pair.client.trace.append("aborted")
    seen = [pair.client.transport.is_closing()]
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return seen


async def reset(pair: Pair) -> object:
    sock = pair.client.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.client.transport.abort()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return None


async def write_to_the_gone(pair: Pair) -> object:
    pair.server.transport.pause_reading()
    pair.client.transport.write(b"unread")
    await soon()
    pair.server.transport.abort()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    pair.client.transport.write(b"nobody hears")
    return pair.client.transport.is_closing()


async def change_protocol(pair: Pair) -> object:
    other = Recorder()
    other.trace.append("set")
    pair.server.transport.set_protocol(other)
    is_other = pair.server.transport.get_protocol() is other
    pair.client.transport.write(b"to the other")
    await soon()
    pair.server.transport.set_protocol(pair.server)
    return is_other, bytes(other.data), other.trace


async def raise_in_data_received(pair: Pair) -> object:
    contexts: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: contexts.append(str(context["message"])))

    def broken(_: bytes) -> None:
        raise ZeroDivisionError

    pair.server.on_data = broken
    pair.client.transport.write(b"x")
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return contexts


async def extra_info(pair: Pair) -> object:
    client, server = pair.client.transport, pair.server.transport
    sock = client.get_extra_info("socket")
    return (
        client.get_extra_info("peername") == server.get_extra_info("sockname"),
        client.get_extra_info("sockname") == server.get_extra_info("peername"),
        sock.getsockname() == client.get_extra_info("sockname"),
        sock.getpeername() == client.get_extra_info("peername"),
        (sock.family, sock.type, sock.proto),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        client.get_extra_info("nothing", "default"),
    )


class Buffered(asyncio.BufferedProtocol):
    """A protocol that reads into its own buffer."""

    def __init__(self) -> None:
        self.buffer = bytearray(7)
        self.trace: Trace = []
        self.data = b""

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.trace.append(f"updated {nbytes}")
        self.data += bytes(self.buffer[:nbytes])

    def eof_received(self) -> bool:
        self.trace.append("eof")
        return True


async def buffered(pair: Pair) -> object:
    protocol = Buffered()
    pair.server.transport.set_protocol(protocol)
    pair.client.transport.write(b"ten bytes.")
    await soon()
    pair.client.transport.write_eof()
    await soon()
    pair.server.transport.set_protocol(pair.server)
    return protocol.trace, protocol.data


async def pieces(pair: Pair) -> object:
    pair.client.transport.writelines([b"a", bytearray(b"b"), memoryview(b"c")])
    data = bytearray(b"changes later")
    pair.client.transport.write(data)
    data[:] = b"." * len(data)
    with pytest.raises(TypeError, match="bytes-like"):
        pair.client.transport.write("text")  # type: ignore[arg-type]
    await soon()
    return bytes(pair.server.data)


SCENARIOS: list[tuple[Callable[[Pair], Awaitable[object]], bool]] = [
    (echo, False),
    (half_close, True),
    (write_after_eof, False),
    (pause_reading, False),
    (write_limits, False),
    (close_writes_what_was_written, False),
    (abort, False),
    (reset, False),
    (write_to_the_gone, False),
    (change_protocol, False),
    (raise_in_data_received, False),
    (extra_info, False),
    (buffered, False),
    (pieces, False),
]


async def play(scenario: Callable[[Pair], Awaitable[object]], *, server_keeps: bool) -> object:
    async with connected(server_keeps=server_keeps) as pair:
        result = await scenario(pair)
    return result, pair.traces()


@pytest.mark.parametrize(("scenario", "server_keeps"), SCENARIOS)
def test_parity(scenario: Callable[[Pair], Awaitable[object]], server_keeps: bool) -> None:
    async def on_ours() -> object:
        with ideal() as network, network.hosts[1]:
            return await play(scenario, server_keeps=server_keeps)

    theirs = asyncio.run(play(scenario, server_keeps=server_keeps))
    ours = simulate(on_ours())
    assert ours == theirs


def test_refused_on_both() -> None:
    async def attempt(host: str, port: int) -> str:
        with pytest.raises(ConnectionRefusedError) as caught:
            await asyncio.get_running_loop().create_connection(Recorder, host, port)
        return str(caught.value).replace(repr((host, port)), "ADDRESS")

    async def theirs() -> str:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        return await attempt("127.0.0.1", port)

    async def ours() -> str:
        with ideal() as network, network.hosts[0]:
            return await attempt("10.0.0.2", 1)

    assert simulate(ours()) == asyncio.run(theirs())
