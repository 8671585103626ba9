"""EventLoop: asyncio's calls go to the current host; what is the system's is refused."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from usernet.errors import EscapeError, NoHostError
from usernet.net import operations
from usernet.net.event_loop import EventLoop
from usernet.net.network import Network
from usernet.net.simulate import simulate
from usernet.net.socket import FIRST_DESCRIPTOR, Socket

from .ideal import IdealNetwork, ideal

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body) -> None:
    async def main() -> None:
        with ideal() as network:
            await body(network)

    simulate(main())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


def test_streams_of_an_unmodified_program() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        with server:
            listener = await asyncio.start_server(echo, port=7)
        with laptop:
            reader, writer = await asyncio.open_connection("server", 7)
        writer.write(b"hello")
        writer.write_eof()
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()
        listener.close()

    on_network(body)


def test_tasks_inherit_the_host() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        seen: list[str] = []

        async def client() -> None:
            _, writer = await asyncio.open_connection("server", 7)
            seen.append(writer.get_extra_info("sockname")[0])
            writer.close()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(socket.gethostname())
            writer.close()

        await server.start_server(serve, port=7)
        await laptop.run(client())
        await asyncio.sleep(1)
        assert sorted(seen) == ["10.0.0.1", "server"]

    on_network(body)


def test_without_a_host_the_error_says_how() -> None:
    async def body(_: IdealNetwork) -> None:
        with pytest.raises(NoHostError, match=r"host\.run"):
            await asyncio.open_connection("server", 7)

    on_network(body)


def test_a_program_with_its_own_sockets() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        laptop, server = network.hosts
        with server:
            listener = socket.socket()
            listener.setblocking(False)
            listener.bind(("", 9))
            listener.listen()
        with laptop:
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            client.setblocking(False)
            await loop.sock_connect(client, ("server", 9))
        assert isinstance(client, socket.socket)
        assert client.fileno() >= FIRST_DESCRIPTOR
        accepted, address = await loop.sock_accept(listener)
        assert address == client.getsockname()

        async def send() -> None:
            await loop.sock_sendall(client, b"x" * 200_000)
            client.shutdown(socket.SHUT_WR)

        sending = loop.create_task(send())
        total = 0
        while data := await loop.sock_recv(accepted, 65536):
            total += len(data)
        await sending
        assert total == 200_000
        assert await loop.sock_sendfile(accepted, io.BytesIO(b"a file"), 2) == 4
        buffer = bytearray(10)
        assert await loop.sock_recv_into(client, buffer) == 4
        assert buffer[:4] == b"file"
        for one in (client, accepted, listener):
            one.close()
        assert client.fileno() == -1

    on_network(body)


def test_connections_from_sockets() -> None:
    async def body(network: IdealNetwork) -> None:
        asyncio.get_running_loop()
        laptop, server = network.hosts
        listener = Socket(host=server)
        listener.setblocking(False)
        listener.bind(("", 9))
        serving = await asyncio.start_server(echo, sock=listener)
        client = Socket(host=laptop)
        client.setblocking(False)
        await operations.connect(client, ("server", 9))
        reader, writer = await asyncio.open_connection(sock=client)
        assert writer.get_extra_info("socket") is client
        writer.write(b"hi")
        writer.write_eof()
        assert await reader.read() == b"hi"
        writer.close()
        serving.close()

    on_network(body)


def test_an_accepted_socket_becomes_a_connection() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, EventLoop)
        laptop, server = network.hosts
        listener = Socket(host=server)
        listener.setblocking(False)
        listener.bind(("", 9))
        listener.listen()
        reader, writer = await laptop.open_connection("server", 9)
        accepted, _ = await operations.accept(listener)
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"welcome")
        transport.close()
        assert await reader.read() == b"welcome"
        writer.close()
        listener.close()

    on_network(body)


def test_datagrams_by_sockets() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        laptop, server = network.hosts
        with server:
            one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with laptop:
            two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for each in (one, two):
            each.setblocking(False)
        one.bind(("::", 53))
        assert await loop.sock_sendto(two, b"question", ("server", 53)) == 8
        data, sender = await loop.sock_recvfrom(one, 100)
        assert (data, sender) == (b"question", ("::ffff:10.0.0.1", two.getsockname()[1], 0, 0))
        await loop.sock_sendto(one, b"answer", sender)
        buffer = bytearray(10)
        count, sender = await loop.sock_recvfrom_into(two, buffer)
        assert (bytes(buffer[:count]), sender) == (b"answer", ("10.0.0.2", 53))
        one.close()
        two.close()

    on_network(body)


def test_readers_and_writers_are_called_while_the_condition_holds() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        laptop, server = network.hosts
        await server.start_server(echo, port=7)
        client = Socket(host=laptop)
        client.setblocking(False)
        await operations.connect(client, ("server", 7))
        seen: list[object] = []

        def write() -> None:
            seen.append("writable")
            client.send(b"ping")
            assert loop.remove_writer(client)

        def read() -> None:
            try:
                seen.append(client.recv(2))
            except BlockingIOError:
                seen.append("nothing")
                assert loop.remove_reader(client.fileno())

        loop.add_writer(client, write)
        loop.add_reader(client.fileno(), read)
        await asyncio.sleep(1)
        assert seen[-3:] == [b"pi", b"ng", "nothing"]
        assert seen.count("writable") == 1
        assert not loop.remove_reader(client)
        client.close()

    on_network(body)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda loop: loop.create_unix_connection(print, "path"), "a Unix socket"),
        (lambda loop: loop.create_unix_server(print, "path"), "a Unix socket"),
        (lambda loop: loop.connect_read_pipe(print, None), "a pipe"),
        (lambda loop: loop.connect_write_pipe(print, None), "a pipe"),
        (lambda _: asyncio.create_subprocess_exec("true"), "a process"),
        (lambda _: asyncio.create_subprocess_shell("true"), "a process"),
    ],
    ids=["connection", "server", "read", "write", "exec", "shell"],
)
def test_what_there_is_none_of(call: Callable[[Any], Coroutine[Any, Any, Any]], what: str) -> None:
    async def body(_: IdealNetwork) -> None:
        with pytest.raises(EscapeError, match=what):
            await call(asyncio.get_running_loop())

    on_network(body)


def test_sockets_of_the_system_are_refused() -> None:
    with socket.socket() as real:

        async def body(network: IdealNetwork) -> None:
            loop = asyncio.get_running_loop()
            with pytest.raises(EscapeError, match="descriptor"):
                loop.add_reader(real, print)
            with network.hosts[0], pytest.raises(EscapeError, match="operating system"):
                await loop.create_connection(asyncio.Protocol, sock=real)
            with pytest.raises(NoHostError):
                await loop.sock_connect(real, ("server", 7))

        on_network(body)


def test_sendfile_goes_over_transports() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        laptop, server = network.hosts
        listener = await server.start_server(echo, port=7)
        reader, writer = await laptop.open_connection("server", 7)
        assert await loop.sendfile(writer.transport, io.BytesIO(b"z" * 100_000)) == 100_000
        writer.write_eof()
        assert await reader.read() == b"z" * 100_000
        writer.close()
        listener.close()

    on_network(body)


def test_names_and_numbers() -> None:
    async def body(network: IdealNetwork) -> None:
        loop = asyncio.get_running_loop()
        with network.hosts[0]:
            infos = await loop.getaddrinfo("server", 80, type=socket.SOCK_STREAM)
            assert [info[4][0] for info in infos] == ["10.0.0.2", "fd00::2"]
            assert await loop.getnameinfo(("fd00::2", 80, 0, 0)) == ("server", "http")

    on_network(body)


def test_the_end_of_a_network_ends_its_connections() -> None:
    async def main() -> None:
        with ideal() as network:
            laptop, server = network.hosts
            await server.start_server(echo, port=7)
            reader, writer = await laptop.open_connection("server", 7)
        with pytest.raises(ConnectionAbortedError, match="the network has stopped"):
            await reader.read()
        writer.close()

    simulate(main())


def test_several_networks_share_the_clock_of_the_loop() -> None:
    async def ask(delay: str) -> list[float]:
        loop = asyncio.get_running_loop()
        async with Network() as network:
            client = network.host("client", "10.0.0.1/24")
            server = network.host("server", "10.0.0.2/24")
            network.link(client, server, delay=delay)
            listener = await server.start_server(echo, port=7)
            times = [loop.time()]
            reader, writer = await client.open_connection("server", 7)
            times.append(loop.time())
            writer.write(b"x")
            await reader.read(1)
            times.append(loop.time())
            writer.close()
            listener.close()
        return times

    async def main() -> list[list[float]]:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(ask("100ms"))
            await asyncio.sleep(0.05)
            second = group.create_task(ask("30ms"))
            third = group.create_task(ask("7ms"))
        assert loop.time() == 0.4
        return [first.result(), second.result(), third.result()]

    assert simulate(main()) == [
        [0.0, 0.2, 0.4],
        [0.05, 0.11, 0.17],
        [0.05, 0.064, 0.078],
    ]
