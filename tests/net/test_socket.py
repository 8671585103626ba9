"""Socket: the face of the module `socket`, which never waits."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine

import pytest

from usernet.errors import EscapeError
from usernet.net.simulate import simulate
from usernet.net.socket import Socket, by_descriptor

from .ideal import IdealNetwork, ideal

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body) -> None:
    async def main() -> None:
        with ideal() as network:
            await body(network)

    simulate(main())


def test_what_would_wait_is_refused_where_it_may_not_block() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, _ = network.hosts
        blocking = Socket(host=laptop)
        assert blocking.getblocking()
        with pytest.raises(EscapeError, match="use asyncio"):
            blocking.connect(("10.0.0.2", 7))
        udp = Socket(type=socket.SOCK_DGRAM, host=laptop)
        udp.bind(("", 0))
        with pytest.raises(EscapeError, match="recvfrom"):
            udp.recvfrom(10)
        udp.settimeout(0)
        with pytest.raises(BlockingIOError):
            udp.recvfrom(10)
        assert udp.gettimeout() == 0
        for refused in (udp.makefile, udp.dup, udp.detach):
            with pytest.raises((EscapeError, BlockingIOError)):
                refused()

    on_network(body)


def test_a_connection_step_by_step() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = Socket(host=server)
        listener.setblocking(False)
        listener.bind(("10.0.0.2", 7))
        listener.listen(5)
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        with pytest.raises(BlockingIOError):
            listener.accept()
        client = Socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, host=laptop)
        assert client.connect_ex(("10.0.0.2", 7)) == errno.EINPROGRESS
        assert client.connect_ex(("10.0.0.2", 7)) == errno.EALREADY
        for attempt in (lambda: client.send(b"x"), lambda: client.recv(1)):
            with pytest.raises(BlockingIOError):
                attempt()
        with pytest.raises(OSError, match="not connected"):
            client.getpeername()
        await asyncio.sleep(1)
        assert client.connect_ex(("10.0.0.2", 7)) == errno.EISCONN
        assert client.getpeername() == ("10.0.0.2", 7)
        accepted, address = listener.accept()
        accepted.setblocking(False)
        assert address == client.getsockname()
        client.sendall(b"hello")
        await asyncio.sleep(1)
        assert accepted.recv(2) == b"he"
        buffer = bytearray(2)
        assert accepted.recv_into(buffer) == 2
        assert accepted.recvfrom(10) == (b"o", None)
        client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(1)
        assert accepted.recv(10) == b""
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        for one in (client, accepted, listener):
            one.close()
            one.close()
            with pytest.raises(OSError, match="Bad file"):
                one.getsockname()

    on_network(body)


def test_a_refused_connection_has_its_error() -> None:
    async def body(network: IdealNetwork) -> None:
        client = Socket(host=network.hosts[0])
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.connect(("10.0.0.2", 7))
        await asyncio.sleep(1)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        client.close()

    on_network(body)


def test_descriptors_name_open_sockets() -> None:
    async def body(network: IdealNetwork) -> None:
        with Socket(host=network.hosts[0]) as one:
            number = one.fileno()
            assert by_descriptor(number) is one
            assert not one.get_inheritable()
            one.set_inheritable(True)
        assert by_descriptor(number) is None
        assert one.fileno() == -1

    on_network(body)


def test_options_are_told_to_the_core() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        await server.create_server(asyncio.Protocol, port=7)
        transport, _ = await laptop.create_connection(asyncio.Protocol, "server", 7)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 9999)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 9999
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 4) == b"\1\0\0\0"
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == socket.AF_INET
        transport.abort()

    on_network(body)


def test_only_what_a_socket_can() -> None:
    async def body(network: IdealNetwork) -> None:
        udp = Socket(type=socket.SOCK_DGRAM, host=network.hosts[0])
        with pytest.raises(OSError, match="not supported"):
            udp.listen()
        with pytest.raises(OSError, match="not connected"):
            udp.send(b"x")
        tcp = Socket(host=network.hosts[0])
        with pytest.raises(OSError, match="Invalid argument"):
            tcp.accept()
        tcp.bind(("", 0))
        with pytest.raises(OSError, match="Invalid argument"):
            tcp.bind(("", 0))
        assert tcp.getsockname()[1] > 0
        assert "tcp socket 0.0.0.0:" in repr(tcp)

    on_network(body)


def test_connected_udp_hears_one_peer() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        one = Socket(type=socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, host=laptop)
        two = Socket(type=socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, host=server)
        two.bind(("10.0.0.2", 5))
        one.connect(("10.0.0.2", 5))
        assert one.send(b"hi") == 2
        await asyncio.sleep(1)
        data, sender = two.recvfrom(10)
        assert (data, sender) == (b"hi", one.getsockname())
        assert two.sendto(b"back", 0, sender) == 4
        await asyncio.sleep(1)
        assert one.recv(2) == b"ba"
        one.close()
        two.close()

    on_network(body)


def test_a_socket_of_both_families_connects_to_either() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        flags = socket.SOCK_NONBLOCK
        for address in ("::ffff:10.0.0.2", "fd00::2"):
            one = Socket(socket.AF_INET6, socket.SOCK_DGRAM | flags, host=laptop)
            two = Socket(socket.AF_INET6, socket.SOCK_DGRAM | flags, host=server)
            one.bind(("::", 0))
            two.bind(("::", 5))
            one.connect((address, 5, 0, 0))
            assert one.getpeername() == (address, 5, 0, 0)
            one.send(b"hi")
            await asyncio.sleep(1)
            assert two.recvfrom(10) == (b"hi", one.getsockname())
            one.close()
            two.close()

    on_network(body)
