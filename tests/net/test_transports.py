"""Transports: the same programs on asyncio's own and on ours see the same callbacks.

Each scenario runs once over the loopback of the operating system and once on a simulated network;
what is compared is what the protocols saw, in order, with pieces of data joined.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast

import pytest

from usernet.net.network import Network
from usernet.net.simulate import simulate

from .ideal import ideal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

P = TypeVar("P", bound=asyncio.Protocol)
Trace: TypeAlias = "list[str]"
Scenario: TypeAlias = "Callable[[Pair], Awaitable[object]]"


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


class Echoing(asyncio.Protocol):
    """Answers what it is told."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Asking(Echoing):
    """Asks, and waits for the answer."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.answered.set()

    async def ask(self) -> None:
        self.answered.clear()
        self.transport.write(b"?")
        await self.answered.wait()


class Pair:
    """Both ends of a connection, and another beside it."""

    def __init__(self, client: Recorder, server: Recorder, beside: Asking) -> None:
        self.client, self.server, self.beside = client, server, beside

    async def settle(self) -> None:
        """Wait until what was sent before has come, and what follows from it: questions and their
        answers on the same line have come after it."""
        for _ in range(4):
            await self.beside.ask()

    def traces(self) -> tuple[Trace, Trace]:
        return self.client.trace, self.server.trace


class Calls(Protocol):
    """What makes connections: a loop, or a host."""

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> asyncio.AbstractServer: ...
    async def create_connection(
        self, protocol_factory: Callable[[], P], host: str, port: int
    ) -> tuple[asyncio.Transport, P]: ...


@dataclass(frozen=True)
class Place:
    """Where a scenario is played: who connects, who listens, and on which address."""

    client: Calls
    server: Calls
    address: str


@asynccontextmanager
async def connected(place: Place, *, server_keeps: bool) -> AsyncIterator[Pair]:
    """A connection between the two ends of a place."""
    servers: list[Recorder] = []

    def accept() -> Recorder:
        servers.append(Recorder(keep_open=server_keeps))
        return servers[-1]

    listener = await place.server.create_server(accept, place.address, 0)
    echoing = await place.server.create_server(Echoing, place.address, 0)
    _, beside = await place.client.create_connection(Asking, place.address, port_of(echoing))
    _, client = await place.client.create_connection(Recorder, place.address, port_of(listener))
    while not servers:
        await beside.ask()
    await servers[0].made
    try:
        yield Pair(client, servers[0], beside)
    finally:
        for end in (client, servers[0]):
            if not end.lost.done():
                end.transport.abort()
        beside.transport.close()
        listener.close()
        echoing.close()
        await asyncio.gather(client.lost, servers[0].lost)
        await asyncio.sleep(0)


def port_of(server: asyncio.AbstractServer) -> int:
    port: int = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    return port


async def echo(pair: Pair) -> object:
    pair.server.on_data = pair.server.transport.write
    pair.client.transport.write(b"hello")
    while len(pair.client.data) < 5:
        await pair.settle()
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
    await pair.settle()
    seen.append(bytes(pair.server.data))
    pair.server.transport.resume_reading()
    pair.server.transport.resume_reading()
    await pair.settle()
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
        await pair.settle()
    await pair.settle()
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
    await pair.settle()
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
    await pair.settle()
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
    await pair.settle()
    pair.client.transport.write_eof()
    await pair.settle()
    pair.server.transport.set_protocol(pair.server)
    return protocol.trace, protocol.data


async def pieces(pair: Pair) -> object:
    pair.client.transport.writelines([b"a", bytearray(b"b"), memoryview(b"c")])
    data = bytearray(b"changes later")
    pair.client.transport.write(data)
    data[:] = b"." * len(data)
    with pytest.raises(TypeError, match="bytes-like"):
        pair.client.transport.write("text")  # type: ignore[arg-type]
    await pair.settle()
    return bytes(pair.server.data)


async def abort_loses_what_waits(pair: Pair) -> object:
    pair.server.transport.pause_reading()
    while not pair.client.transport.get_write_buffer_size():
        pair.client.transport.write(bytes(1 << 20))
    pair.client.transport.abort()
    seen = [pair.client.transport.get_write_buffer_size()]
    await pair.client.lost
    pair.server.transport.resume_reading()
    await pair.server.lost
    pair.server.trace[:] = [one for one in pair.server.trace if one != "data"]
    pair.server.trace[-1] = "lost"  # an end or a reset, as the timing has it
    pair.server.trace[:] = [one for one in pair.server.trace if one != "eof"]
    return seen


async def close_in_data_received(pair: Pair) -> object:
    def close(_: bytes) -> None:
        pair.server.transport.write(b"bye")
        pair.server.transport.close()

    pair.server.on_data = close
    pair.client.transport.write(b"hello")
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return bytes(pair.client.data)


async def both_close_at_once(pair: Pair) -> object:
    pair.client.transport.close()
    pair.server.transport.close()
    pair.client.transport.close()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    # Which of them hears of the other's end is a matter of timing.
    for one in (pair.client, pair.server):
        one.trace[:] = [event for event in one.trace if event != "eof"]
    return pair.client.transport.is_closing()


async def pause_in_data_received(pair: Pair) -> object:
    pair.server.on_data = lambda _: pair.server.transport.pause_reading()
    pair.client.transport.write(b"one")
    await pair.settle()
    pair.client.transport.write(b"two")
    pair.client.transport.write_eof()
    await pair.settle()
    before = bytes(pair.server.data)
    pair.server.transport.resume_reading()
    await pair.settle()
    after = bytes(pair.server.data)
    pair.server.transport.resume_reading()
    await pair.server.ended
    return before, after


async def raise_in_eof_received(pair: Pair) -> object:
    contexts: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: contexts.append(str(context["message"])))
    pair.server.ended.set_result(None)  # so that eof_received raises
    pair.client.transport.write_eof()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return contexts


class NoBuffer(Buffered):
    """A protocol that gives an empty buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()

    def connection_lost(self, exc: Exception | None) -> None:
        self.trace.append(f"lost {exc!r}")


async def empty_buffer(pair: Pair) -> object:
    contexts: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: contexts.append(str(context["message"])))
    protocol = NoBuffer()
    pair.server.transport.set_protocol(protocol)
    pair.client.transport.write(b"x")
    await pair.client.lost
    pair.server.lost.set_result(None)
    return contexts, protocol.trace


async def reset_while_reading_is_paused(pair: Pair) -> object:
    pair.server.transport.pause_reading()
    sock = pair.client.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.client.transport.abort()
    await pair.settle()
    seen = [pair.server.lost.done()]
    pair.server.transport.resume_reading()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return seen


async def drained_writes(pair: Pair) -> object:
    pair.server.on_data = pair.server.transport.write
    total = 3 << 20
    for _ in range(3):
        pair.client.transport.write(bytes(1 << 20))
    while len(pair.client.data) < total:
        await pair.settle()
    for one in (pair.client, pair.server):
        one.trace[:] = list(dict.fromkeys(event for event in one.trace if "writing" not in event))
    return len(pair.client.data)


SCENARIOS: list[tuple[Scenario, bool]] = [
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
    (abort_loses_what_waits, False),
    (close_in_data_received, False),
    (both_close_at_once, False),
    (pause_in_data_received, True),
    (raise_in_eof_received, False),
    (empty_buffer, False),
    (reset_while_reading_is_paused, False),
    (drained_writes, False),
]


async def play(scenario: Scenario, place: Place, *, server_keeps: bool) -> object:
    async with connected(place, server_keeps=server_keeps) as pair:
        result = await scenario(pair)
    return result, pair.traces()


async def on_loopback(scenario: Scenario, server_keeps: bool) -> object:
    loop = cast("Calls", asyncio.get_running_loop())
    place = Place(loop, loop, "127.0.0.1")
    return await play(scenario, place, server_keeps=server_keeps)


async def on_an_ideal_network(scenario: Scenario, server_keeps: bool) -> object:
    with ideal() as network:
        client, server = network.hosts
        place = Place(client, server, "10.0.0.2")
        return await play(scenario, place, server_keeps=server_keeps)


async def on_a_network(scenario: Scenario, server_keeps: bool) -> object:
    async with Network() as network:
        client = network.host("client", "10.0.0.1/24")
        server = network.host("server", "10.0.0.2/24")
        network.link(client, server, delay="100us")
        place = Place(client, server, "10.0.0.2")
        return await play(scenario, place, server_keeps=server_keeps)


@pytest.mark.parametrize(("scenario", "server_keeps"), SCENARIOS)
class TestParity:
    def test_on_an_ideal_network(self, scenario: Scenario, server_keeps: bool) -> None:
        ours = simulate(on_an_ideal_network(scenario, server_keeps))
        assert ours == asyncio.run(on_loopback(scenario, server_keeps))

    def test_in_virtual_time(self, scenario: Scenario, server_keeps: bool) -> None:
        ours = simulate(on_a_network(scenario, server_keeps))
        assert ours == asyncio.run(on_loopback(scenario, server_keeps))

    def test_in_real_time(self, scenario: Scenario, server_keeps: bool) -> None:
        ours = asyncio.run(on_a_network(scenario, server_keeps))
        assert ours == asyncio.run(on_loopback(scenario, server_keeps))


async def refusal(calls: Calls, host: str, port: int) -> str:
    with pytest.raises(ConnectionRefusedError) as caught:
        await calls.create_connection(Recorder, host, port)
    return str(caught.value).replace(repr((host, port)), "ADDRESS")


def test_refused_on_both() -> None:
    async def theirs() -> str:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        return await refusal(cast("Calls", asyncio.get_running_loop()), "127.0.0.1", port)

    async def ours() -> str:
        with ideal() as network:
            return await refusal(network.hosts[0], "10.0.0.2", 1)

    assert simulate(ours()) == asyncio.run(theirs())
