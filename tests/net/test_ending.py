"""Connections end as asyncio's own do: closed, aborted, reset, half-closed, refused."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

import pytest

from usernet.net.simulate import simulate

from .ideal import ideal
from .parity import OURS, Recorder, on_the_system

if TYPE_CHECKING:
    from .parity import Calls, Pair, Scenario, Where


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


async def abort_loses_what_waits(pair: Pair) -> object:
    pair.server.transport.pause_reading()
    # Until more waits than may: how much of a write the system takes at once is its own business.
    while "pause_writing" not in pair.client.trace:
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


async def raise_in_eof_received(pair: Pair) -> object:
    contexts: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: contexts.append(str(context["message"])))
    pair.server.ended.set_result(None)  # so that eof_received raises
    pair.client.transport.write_eof()
    await asyncio.gather(pair.client.lost, pair.server.lost)
    return contexts


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


SCENARIOS: list[tuple[Scenario, bool]] = [
    (half_close, True),
    (write_after_eof, False),
    (close_writes_what_was_written, False),
    (abort, False),
    (reset, False),
    (write_to_the_gone, False),
    (abort_loses_what_waits, False),
    (close_in_data_received, False),
    (both_close_at_once, False),
    (raise_in_eof_received, False),
    (reset_while_reading_is_paused, False),
]


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize(("scenario", "server_keeps"), SCENARIOS)
def test_as_asyncio_s_own(ours: Where, scenario: Scenario, server_keeps: bool) -> None:
    assert ours(scenario, server_keeps) == on_the_system(scenario, server_keeps)


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
