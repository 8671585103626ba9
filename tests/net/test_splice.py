"""Splices: a host's connection and a socket of this machine, joined without Python."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import socket
import struct
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import usernet
from usernet.errors import EscapeError
from usernet.net.simulate import simulate
from usernet.net.splice import Dialled, Spliced

from .joined import PORT, descriptors, memory, serving, tcp_pair, two_hosts

if TYPE_CHECKING:
    from collections.abc import Callable

SOAK = pytest.mark.skipif(
    not os.environ.get("USERNET_SOAK"), reason="takes a while: run `make soak`"
)
AT_ONCE = struct.pack("ii", 1, 0)
MIB = 1 << 20
Sockets = tuple[socket.socket, socket.socket]


async def begun(dialled: Dialled, system: socket.socket) -> asyncio.Future[Spliced]:
    """A splice that has begun."""
    carrying = asyncio.ensure_future(dialled.splice(system))
    await asyncio.sleep(0)
    return carrying


async def send(sock: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def read_all(sock: socket.socket) -> bytes:
    loop, pieces = asyncio.get_running_loop(), []
    while piece := await loop.sock_recv(sock, 65536):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("pair", [tcp_pair, socket.socketpair], ids=["tcp", "unix"])
def test_bytes_go_both_ways_and_both_sides_may_finish_first(pair: Callable[[], Sockets]) -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            callers = await serving(server)
            ours, theirs = pair()
            ours.setblocking(False)
            dialled = await client.dial("server", PORT)
            assert dialled.remote == ("10.0.0.2", PORT)
            assert dialled.local[0] == "10.0.0.1"
            carrying = asyncio.ensure_future(dialled.splice(theirs))
            reader, writer = await callers.get()
            await send(ours, b"question")
            ours.shutdown(socket.SHUT_WR)
            assert await reader.read() == b"question"
            writer.write(b"a long answer")
            writer.close()
            assert await read_all(ours) == b"a long answer"
            assert await carrying == Spliced(up=8, down=13, end="closed")
            assert theirs.fileno() == -1
            ours.close()

    asyncio.run(main())


def test_what_was_read_and_written_before_is_not_lost() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            callers = await serving(server)
            ours, theirs = socket.socketpair()
            ours.sendall(b"before ")
            dialled = await client.dial("server", PORT)
            reader, writer = await callers.get()
            writer.write(b"hello ")
            await writer.drain()
            carrying = asyncio.ensure_future(dialled.splice(theirs))
            ours.sendall(b"and after")
            ours.shutdown(socket.SHUT_WR)
            assert await reader.read() == b"before and after"
            writer.write(b"and bye")
            writer.close()
            await carrying
            ours.settimeout(0)
            assert ours.recv(100) == b"hello and bye"
            ours.close()

    asyncio.run(main())


def test_a_reset_is_passed_on_both_ways() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            callers = await serving(server)
            ours, theirs = tcp_pair()
            carrying = await begun(await client.dial("server", PORT), theirs)
            reader, _ = await callers.get()
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            ours.close()
            with pytest.raises(ConnectionResetError):
                await reader.read()
            assert (await carrying).end == "reset"

            ours, theirs = tcp_pair()
            ours.setblocking(False)
            carrying = await begun(await client.dial("server", PORT), theirs)
            _, writer = await callers.get()
            far_end = writer.get_extra_info("socket")
            far_end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            writer.transport.abort()
            with pytest.raises(ConnectionResetError):
                await read_all(ours)
            assert (await carrying).end == "reset"
            ours.close()

    asyncio.run(main())


def test_who_is_cancelled_resets_both() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            callers = await serving(server)
            ours, theirs = tcp_pair()
            ours.setblocking(False)
            carrying = await begun(await client.dial("server", PORT), theirs)
            reader, _ = await callers.get()
            carrying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await carrying
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(ConnectionResetError):
                await read_all(ours)
            ours.close()

    asyncio.run(main())


def test_a_network_that_stops_ends_it() -> None:
    async def main() -> None:
        ours, theirs = tcp_pair()
        async with two_hosts() as (client, server):
            listener = usernet.net.socket.Socket(host=server)
            listener.bind(("", PORT))
            listener.listen()
            carrying = await begun(await client.dial("server", PORT), theirs)
        assert (await carrying).end == "reset"
        with pytest.raises(ConnectionResetError):
            ours.recv(1)
        ours.close()

    asyncio.run(main())


def test_a_killed_loop_leaves_nothing_open() -> None:
    ours, theirs = tcp_pair()
    with usernet.Network() as net:
        client, server = net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24")
        net.link(client, server)
        listener = net.engine.listen("server", ("0.0.0.0", PORT))
        core = net.engine.connect("client", ("10.0.0.2", PORT))
        core.splice(theirs.fileno())
        theirs.close()
        assert core.wait_connected(20) == 0
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    assert core.spliced() == (0, 0, "reset")
    assert listener.key
    ours.close()


def test_thousands_of_short_ones_leave_no_descriptor() -> None:
    async def one(client: usernet.Host) -> Spliced:
        dialled = await client.dial("server", PORT)
        ours, theirs = socket.socketpair()
        with closing(ours):
            carrying = asyncio.ensure_future(dialled.splice(theirs))
            ours.sendall(b"x" * 100)
            ours.shutdown(socket.SHUT_WR)
            return await carrying

    async def main() -> None:
        async with two_hosts() as (client, server):

            async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(await reader.read())
                writer.close()

            await server.start_server(echo, port=PORT)
            await one(client)
            before = descriptors()
            for _ in range(50):
                told = await asyncio.gather(*(one(client) for _ in range(50)))
                assert set(told) == {Spliced(100, 100, "closed")}
            assert descriptors() == before

    asyncio.run(main())


async def carry(count: int) -> int:
    """So many bytes both ways at once, checked; how much memory that took at most."""
    block = hashlib.shake_128(b"seed").digest(MIB)
    before = most = memory()

    def pour(sock: socket.socket) -> None:
        for _ in range(count // MIB):
            sock.sendall(block)
        sock.shutdown(socket.SHUT_WR)

    def digest(sock: socket.socket) -> tuple[int, str]:
        nonlocal most
        seen, total = hashlib.blake2b(), 0
        while piece := sock.recv(MIB):
            seen.update(piece)
            total += len(piece)
            most = max(most, memory())
        return total, seen.hexdigest()

    expected = hashlib.blake2b()
    for _ in range(count // MIB):
        expected.update(block)
    async with two_hosts() as (client, server):
        listener = usernet.net.socket.Socket(host=server)
        listener.setblocking(False)
        listener.bind(("", PORT))
        listener.listen()
        near, inner = tcp_pair()
        far, outer = socket.socketpair()
        dialled = await client.dial("server", PORT)
        accepted, _ = listener.accept()
        splices = [
            asyncio.ensure_future(dialled.splice(inner)),
            asyncio.ensure_future(usernet.net.splice.splice(accepted, outer)),
        ]
        loop = asyncio.get_running_loop()
        ends = [loop.run_in_executor(None, digest, one) for one in (near, far)]
        sent = [loop.run_in_executor(None, pour, one) for one in (near, far)]
        assert await asyncio.gather(*ends) == [(count, expected.hexdigest())] * 2
        await asyncio.gather(*sent)
        assert [(await one).end for one in splices] == ["closed"] * 2
        near.close()
        far.close()
        listener.close()
    return most - before


def test_much_goes_both_ways_whole_and_in_little_memory() -> None:
    assert asyncio.run(carry(64 * MIB)) < 64 * MIB


@SOAK
def test_a_gib_goes_both_ways_whole_and_in_little_memory() -> None:
    assert asyncio.run(carry(1024 * MIB)) < 64 * MIB


def test_what_is_no_stream_socket_is_refused() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            callers = await serving(server)
            for kind, number in (
                (socket.SOCK_DGRAM, errno.EPROTOTYPE),
                (socket.SOCK_STREAM, errno.ENOTCONN),
            ):
                dialled = await client.dial("server", PORT)
                with pytest.raises(OSError, match="connected stream socket") as told:
                    await dialled.splice(socket.socket(socket.AF_INET, kind))
                assert told.value.errno == number
                reader, _ = await callers.get()
                with pytest.raises(ConnectionResetError):
                    await reader.read()

    asyncio.run(main())


def test_nobody_listens_nobody_answers_nobody_is_known() -> None:
    async def main() -> None:
        async with two_hosts() as (client, _):
            with pytest.raises(ConnectionRefusedError):
                await client.dial("server", PORT)
            with pytest.raises(
                TimeoutError, match=r"no answer from 10\.0\.0\.9 port 7 within 0\.05 s"
            ):
                await client.dial("10.0.0.9", PORT, timeout=0.05)
            with pytest.raises(socket.gaierror):
                await client.dial("nobody", PORT)

    asyncio.run(main())


def test_virtual_time_refuses_it() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            await serving(server)
            dialled = await client.dial("server", PORT)
            ours, theirs = socket.socketpair()
            with ours, pytest.raises(EscapeError, match="real time"):
                await dialled.splice(theirs)
            assert theirs.fileno() == -1

    simulate(main())
