"""Connections for programs that block: real descriptors, on any thread."""

from __future__ import annotations

import asyncio
import errno
import http.client
import select
import socket
import subprocess
import sys
import threading

import pytest

import usernet
from usernet.errors import EscapeError

from .joined import PORT, descriptors, descriptors_become, two_hosts


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def talk(host: usernet.Host, said: bytes) -> bytes:
    with host.connect_socket(("server", PORT), timeout=20) as sock:
        assert sock.getpeername() == ("10.0.0.2", PORT)
        assert sock.getsockname()[0] == "10.0.0.1"
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert sock.gettimeout() == 20
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as file:
            return file.read()


def test_threads_talk_while_the_loop_serves() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            await server.start_server(echo, port=PORT)
            await asyncio.to_thread(talk, client, b"x")
            before = descriptors()
            said = [bytes([number]) * 300_000 for number in range(8)]
            heard = await asyncio.gather(*(asyncio.to_thread(talk, client, one) for one in said))
            assert heard == said
            await descriptors_become(before)

    asyncio.run(main())


def test_no_loop_is_needed_at_all() -> None:
    with usernet.Network() as net:
        client, server = net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24")
        net.link(client, server)
        listener = net.engine.listen("server", ("0.0.0.0", PORT))
        with client.connect_socket(("10.0.0.2", PORT)) as ours:
            accepted = listener.accept()
            assert accepted is not None
            theirs, inner = socket.socketpair()
            with theirs:
                with inner:
                    accepted.splice(inner.fileno())
                # It is a real descriptor: it can be polled, and given to a program.
                assert select.select([ours], [ours], [], 0) == ([], [ours], [])
                program = [sys.executable, "-c", "print(input()[::-1])"]
                with subprocess.Popen(program, stdin=ours.fileno(), stdout=ours.fileno()):
                    theirs.sendall(b"hello\n")
                    with theirs.makefile() as file:
                        assert file.readline() == "olleh\n"


def test_a_blocking_library_uses_it() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        writer.close()

    def get(host: usernet.Host) -> bytes:
        connection = http.client.HTTPConnection("server", PORT)
        connection.sock = host.connect_socket(("server", PORT), timeout=20)
        connection.request("GET", "/")
        return connection.getresponse().read()

    async def main() -> None:
        async with two_hosts() as (client, server):
            await server.start_server(answer, port=PORT)
            assert await asyncio.to_thread(get, client) == b"hi"

    asyncio.run(main())


def test_what_went_wrong_is_said() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            await server.start_server(echo, port=PORT)
            before = descriptors()
            for address, number, said in (
                (("server", 9), errno.ECONNREFUSED, "10.0.0.2 port 9"),
                (
                    ("10.0.0.9", PORT),
                    errno.ETIMEDOUT,
                    "no answer from 10.0.0.9 port 7 within 0.05 s",
                ),
                (("10.9.0.1", PORT), errno.ENETUNREACH, "no route there"),
            ):
                with pytest.raises(OSError, match=said) as told:
                    client.connect_socket(address, timeout=0.05)
                assert told.value.errno == number
            with pytest.raises(socket.gaierror):
                client.connect_socket(("nobody", PORT))
            # What was made for the first, and stays: the engine's eye on sockets of the machine.
            await descriptors_become(before + 1)

    asyncio.run(main())


def test_a_signal_ends_the_wait() -> None:
    """In a process of its own, for it is the main thread's."""
    program = """
import signal, threading, usernet
with usernet.Network() as net:
    one, other = net.host("one", "10.0.0.1/24"), net.host("other", "10.0.0.2/24")
    net.link(one, other)
    threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    one.connect_socket(("10.0.0.9", 7))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert "KeyboardInterrupt" in done.stderr


def test_many_threads_connect_at_once() -> None:
    async def main() -> None:
        async with two_hosts() as (client, server):
            await server.start_server(echo, port=PORT)
            heard: list[bytes] = []
            threads = [
                threading.Thread(target=lambda: heard.append(talk(client, b"x"))) for _ in range(50)
            ]
            for thread in threads:
                thread.start()
            await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
            assert heard == [b"x"] * 50

    asyncio.run(main())


def test_virtual_time_refuses_it() -> None:
    net = usernet.Network()
    client, server = net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24")
    net.link(client, server)
    net.advance("1ms")
    before = descriptors()
    with pytest.raises(EscapeError, match="real time"):
        client.connect_socket(("server", PORT))
    assert descriptors() == before
    net.stop()
