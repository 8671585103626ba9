"""Datagram endpoints: as asyncio's, over UDP sockets of hosts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine

import pytest

from usernet.net.simulate import simulate
from usernet.net.socket import Socket

from .ideal import IdealNetwork, ideal

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body) -> None:
    async def main() -> None:
        with ideal() as network:
            await body(network)

    simulate(main())


class Inbox(asyncio.DatagramProtocol):
    """What came, what failed, and how it ended."""

    def __init__(self, *, echoes: bool = False) -> None:
        self.echoes = echoes
        self.transport: asyncio.DatagramTransport
        self.events: list[object] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.events.append((data, addr))
        if self.echoes:
            self.transport.sendto(data, addr)  # type: ignore[arg-type]

    def error_received(self, exc: Exception) -> None:
        self.events.append(type(exc).__name__)

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(f"lost {type(exc).__name__}")


def test_a_question_and_its_answer() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listening, _ = await server.create_datagram_endpoint(
            lambda: Inbox(echoes=True), local_addr=("10.0.0.2", 53)
        )
        asking, inbox = await laptop.create_datagram_endpoint(Inbox, remote_addr=("server", 53))
        assert asking.get_extra_info("peername") == ("10.0.0.2", 53)
        asking.sendto(b"one")
        asking.sendto(bytearray(b"two"), ("10.0.0.2", 53))
        asking.sendto(b"")
        with pytest.raises(ValueError, match="must be None or"):
            asking.sendto(b"x", ("10.0.0.9", 53))
        with pytest.raises(TypeError, match="bytes-like"):
            asking.sendto("text")  # type: ignore[arg-type]
        await asyncio.sleep(1)
        peer = ("10.0.0.2", 53)
        assert inbox.events == [(b"one", peer), (b"two", peer), (b"", peer)]
        asking.close()
        asking.close()
        listening.abort()
        await asyncio.sleep(1)
        assert inbox.events[-1] == "lost NoneType"
        assert asking.is_closing()
        asking.sendto(b"into the void")

    on_network(body)


def test_names_resolve_in_sendto() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listening, inbox = await server.create_datagram_endpoint(Inbox, ("10.0.0.2", 53))
        sending, _ = await laptop.create_datagram_endpoint(Inbox, family=socket.AF_INET)
        sending.sendto(b"hi", ("server", 53))
        await asyncio.sleep(1)
        assert inbox.events == [(b"hi", sending.get_extra_info("sockname"))] or inbox.events
        sending.close()
        listening.close()

    on_network(body)


def test_a_socket_of_both_families_has_addresses_of_four_parts() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        own = Socket(socket.AF_INET6, socket.SOCK_DGRAM, host=server)
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        own.bind(("::", 4433))
        listening, inbox = await server.create_datagram_endpoint(
            lambda: Inbox(echoes=True), sock=own
        )
        for address in ("10.0.0.2", "fd00::2"):
            asking, answers = await laptop.create_datagram_endpoint(
                Inbox, remote_addr=(address, 4433)
            )
            asking.sendto(b"q")
            await asyncio.sleep(1)
            assert answers.events == [(b"q", asking.get_extra_info("peername"))]
            asking.close()
        assert [event[1][0] for event in inbox.events] == [  # type: ignore[index]
            "::ffff:10.0.0.1",
            "fd00::1",
        ]
        listening.close()

    on_network(body)


def test_nobody_there_is_an_error_of_the_protocol() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, _ = network.hosts
        asking, inbox = await laptop.create_datagram_endpoint(Inbox, remote_addr=("server", 53))
        asking.sendto(b"anybody?")
        await asyncio.sleep(1)
        assert inbox.events == ["ConnectionRefusedError"]
        sending, other = await laptop.create_datagram_endpoint(Inbox, family=socket.AF_INET6)
        sending.sendto(b"x", ("fd00::2", 53))
        sending.close()
        asking.close()
        assert other.events == []

    on_network(body)


def test_a_protocol_that_raises_loses_its_endpoint_alone() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        loop = asyncio.get_running_loop()
        reported: list[str] = []
        loop.set_exception_handler(lambda _, context: reported.append(str(context["message"])))

        class Broken(Inbox):
            def datagram_received(self, data: bytes, addr: object) -> None:
                raise ZeroDivisionError

        _, broken = await server.create_datagram_endpoint(Broken, ("10.0.0.2", 53))
        asking, _ = await laptop.create_datagram_endpoint(Inbox, remote_addr=("server", 53))
        asking.sendto(b"q")
        await asyncio.sleep(1)
        assert reported == ["Fatal error: protocol.datagram_received() call failed."]
        assert broken.events == ["lost ZeroDivisionError"]
        asking.close()

    on_network(body)


def test_arguments_that_make_no_sense() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, _ = network.hosts
        with pytest.raises(ValueError, match="unexpected address family"):
            await laptop.create_datagram_endpoint(Inbox)
        stream = Socket(host=laptop)
        with pytest.raises(ValueError, match="datagram socket was expected"):
            await laptop.create_datagram_endpoint(Inbox, sock=stream)
        udp = Socket(type=socket.SOCK_DGRAM, host=laptop)
        with pytest.raises(ValueError, match="reuse_port=True"):
            await laptop.create_datagram_endpoint(Inbox, sock=udp, reuse_port=True)
        with pytest.raises(ValueError, match="can not get address"):
            await laptop.create_datagram_endpoint(Inbox, ("10.0.0.1", 0), ("fd00::2", 1))
        with pytest.raises(OSError, match="assign requested address"):
            await laptop.create_datagram_endpoint(Inbox, ("10.0.0.9", 0))

    on_network(body)


def test_the_end_of_the_network_ends_the_endpoint() -> None:
    async def main() -> list[object]:
        with ideal() as network:
            _, inbox = await network.hosts[0].create_datagram_endpoint(Inbox, ("10.0.0.1", 0))
            await asyncio.sleep(1)
        await asyncio.sleep(1)
        return inbox.events

    assert simulate(main()) == ["lost ConnectionAbortedError"]
