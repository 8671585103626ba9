"""Hosts: asyncio's names on a host, against an ideal network."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
import trustme

from usernet.errors import ConfigError
from usernet.net.current import current_host, host_or_none
from usernet.net.simulate import simulate

from .ideal import IdealNetwork, ideal

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body, hosts: dict[str, list[str]] | None = None) -> None:
    async def main() -> None:
        with ideal(hosts) as network:
            await body(network)

    simulate(main())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a client, and of a server called ``server``."""
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("server").configure_cert(server)
    return client, server


def test_time_passes_as_on_the_line() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        loop = asyncio.get_running_loop()
        listener = await server.start_server(echo, port=7)
        reader, writer = await laptop.open_connection("server", 7)
        assert loop.time() == 0.002
        writer.write(b"x")
        assert await reader.read(1) == b"x"
        assert loop.time() == 0.004
        writer.close()
        await writer.wait_closed()
        listener.close()

    on_network(body)


def test_tls() -> None:
    client, server_context = certificates()

    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(echo, port=443, ssl=server_context)
        reader, writer = await laptop.open_connection("server", 443, ssl=client)
        assert writer.get_extra_info("cipher")
        assert writer.get_extra_info("peername") == ("10.0.0.2", 443)
        writer.write(b"s" * 100_000)
        assert await reader.readexactly(100_000) == b"s" * 100_000
        writer.close()
        await writer.wait_closed()
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            await laptop.open_connection("10.0.0.2", 443, ssl=client)
        listener.close()
        await asyncio.sleep(1)

    on_network(body)


def test_start_tls() -> None:
    client, server_context = certificates()

    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts

        async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            await writer.start_tls(server_context)
            await echo(reader, writer)

        listener = await server.start_server(upgrade, port=25)
        transport, protocol = await laptop.create_connection(Lines, "server", 25)
        transport.write(b"STARTTLS\n")
        await protocol.got(b"STARTTLS\n")
        secure = await laptop.start_tls(transport, protocol, client, server_hostname="server")
        assert secure is not None
        secure.write(b"secret")
        await protocol.got(b"secret")
        secure.close()
        listener.close()
        await asyncio.sleep(1)

    on_network(body)


class Lines(asyncio.Protocol):
    """What came, and a way to wait for it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def data_received(self, data: bytes) -> None:
        self.queue.put_nowait(data)

    async def got(self, data: bytes) -> None:
        assert await self.queue.get() == data


def test_nobody_listens_no_route_no_name() -> None:
    async def body(network: IdealNetwork) -> None:
        alone, other = network.hosts
        with pytest.raises(ConnectionRefusedError, match="failed"):
            await alone.open_connection("other", 7)
        with pytest.raises(OSError, match="unreachable"):
            await alone.open_connection("fd00::9", 7)
        with pytest.raises(socket.gaierror, match="nowhere"):
            await alone.open_connection("nowhere", 7)
        with pytest.raises(socket.gaierror):
            await other.ping("nowhere")

    on_network(body, {"alone": ["10.0.0.1"], "other": ["10.0.0.2"]})


def test_one_address_after_another() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(echo, "fd00::2", 7)
        _, writer = await laptop.open_connection("server", 7)
        assert writer.get_extra_info("peername") == ("fd00::2", 7, 0, 0)
        writer.close()
        with pytest.raises(ConnectionRefusedError, match="Multiple exceptions"):
            await laptop.open_connection("server", 8)
        with pytest.raises(ExceptionGroup) as caught:
            await laptop.create_connection(asyncio.Protocol, "server", 8, all_errors=True)
        assert len(caught.value.exceptions) == 2
        listener.close()

    on_network(body)


def test_happy_eyeballs() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(echo, "fd00::2", 7)
        loop = asyncio.get_running_loop()
        _, writer = await laptop.open_connection("server", 7, happy_eyeballs_delay=0.0005)
        assert writer.get_extra_info("peername") == ("fd00::2", 7, 0, 0)
        assert loop.time() == 0.0025
        writer.close()
        listener.close()

    on_network(body)


def test_local_addresses() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(echo, port=7)
        _, writer = await laptop.open_connection("10.0.0.2", 7, local_addr=("10.0.0.1", 1234))
        assert writer.get_extra_info("sockname") == ("10.0.0.1", 1234)
        writer.close()
        with pytest.raises(OSError, match="assign requested address"):
            await laptop.open_connection("10.0.0.2", 7, local_addr=("10.0.0.9", 0))
        listener.close()

    on_network(body)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"server_hostname": "x"}, "only meaningful with ssl"),
        ({"ssl_handshake_timeout": 1.0}, "only meaningful with ssl"),
        ({"ssl_shutdown_timeout": 1.0}, "only meaningful with ssl"),
        ({"ssl": True}, "without a host"),
        ({}, "not specified"),
    ],
)
def test_arguments_that_contradict_each_other(keys: dict[str, object], problem: str) -> None:
    async def body(network: IdealNetwork) -> None:
        with pytest.raises(ValueError, match=problem):
            await network.hosts[0].create_connection(asyncio.Protocol, **keys)  # type: ignore[arg-type]

    on_network(body)


def test_options_of_a_connection() -> None:
    wrong: dict[str, str] = {"congestion": "vegas"}

    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(echo, port=7)
        _, writer = await laptop.open_connection(
            "server", 7, options={"congestion": "bbr", "keepalive_idle": "30s"}
        )
        sock = writer.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION)[:4] == b"bbr\0"
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert writer.get_extra_info("tcp_info")["state"] == "established"
        writer.close()
        with pytest.raises(ConfigError, match="vegas"):
            await laptop.open_connection("server", 7, options=wrong)  # type: ignore[arg-type]
        listener.close()

    on_network(body)


def test_ping() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, _ = network.hosts
        loop = asyncio.get_running_loop()
        result = await laptop.ping("server", count=3, interval=0.5)
        assert (result.address, result.sent, result.received, result.lost) == ("10.0.0.2", 3, 3, 0)
        assert result.rtts == (0.002, 0.002, 0.002)
        assert result.rtt == pytest.approx(0.002)
        assert loop.time() == 1.002
        silence = await laptop.ping("10.0.0.9", timeout=2)
        assert (silence.sent, silence.received) == (1, 0)
        with pytest.raises(TimeoutError, match="did not answer"):
            _ = silence.rtt

    on_network(body)


def test_where_a_task_lives() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts

        async def where() -> object:
            return host_or_none()

        assert host_or_none() is None
        with laptop:
            with server:
                assert await where() is server
            assert await where() is laptop
            assert await server.run(where()) is server
        assert host_or_none() is None

    on_network(body)


def test_what_a_host_says_of_itself() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, _ = network.hosts
        assert repr(laptop) == "<Host laptop>"
        assert laptop.addresses == ("10.0.0.1", "fd00::1")
        assert laptop.statistics().sockets == {"listen": 0}

    on_network(body)


def test_callbacks_live_on_the_host_of_their_connection() -> None:
    seen: list[object] = []

    class Where(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            seen.append(current_host().name)

    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.create_server(Where, port=7)
        transport, _ = await laptop.create_connection(Where, "server", 7)
        await asyncio.sleep(1)
        assert sorted(map(str, seen)) == ["laptop", "server"]
        transport.close()
        listener.close()

    on_network(body)
