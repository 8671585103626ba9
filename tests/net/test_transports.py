"""Transports read and write as asyncio's own do, and call their protocols alike."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from .parity import OURS, Pair, Recorder, on_the_system

if TYPE_CHECKING:
    from .parity import Scenario, Trace, Where


async def echo(pair: Pair) -> object:
    pair.server.on_data = pair.server.transport.write
    pair.client.transport.write(b"hello")
    while len(pair.client.data) < 5:
        await pair.settle()
    pair.client.transport.close()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return bytes(pair.client.data)


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
    (pause_reading, False),
    (write_limits, False),
    (change_protocol, False),
    (raise_in_data_received, False),
    (extra_info, False),
    (buffered, False),
    (pieces, False),
    (pause_in_data_received, True),
    (empty_buffer, False),
    (drained_writes, False),
]


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize(("scenario", "server_keeps"), SCENARIOS)
def test_as_asyncio_s_own(ours: Where, scenario: Scenario, server_keeps: bool) -> None:
    assert ours(scenario, server_keeps) == on_the_system(scenario, server_keeps)
