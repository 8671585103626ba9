"""Sockets in real time: the descriptor that tells of events, and threads that share an engine."""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING, TypeAlias

import pytest

from usernet.config.apps import Sink, Source
from usernet.config.topology import parse_connection
from usernet.errors import EngineError

from .two_hosts import BYTES, CLIENT, MS, SERVER, Net

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet._core import Socket

    Send: TypeAlias = Callable[[Socket], int]
    Receive: TypeAlias = Callable[[Socket, int], bytes]


READABLE, WRITABLE, CONNECTED, FAILED = 1, 2, 4, 16


class TestEventsInRealTime:
    def test_the_descriptor_is_readable_until_events_are_taken(self, real: Net) -> None:
        poll = select.poll()
        poll.register(real.engine, select.POLLIN)
        assert poll.poll(0) == []
        real.connected()
        client, server = real.engine.bind("client", CLIENT), real.engine.bind("server", SERVER)
        for _ in range(3):
            client.send_to(b"x", SERVER)
        assert len(poll.poll(0)) == 1
        assert real.engine.drain() == [(server.key, READABLE)]
        assert poll.poll(0) == []
        client.send_to(b"not told again until receive_from had nothing", SERVER)
        assert poll.poll(0) == []

    def test_what_the_engine_s_thread_brings_is_told(self) -> None:
        net = Net(virtual=False, delay="2ms")
        listener = net.engine.listen("server", SERVER)
        began = net.engine.now()
        client = net.engine.connect("client", SERVER)
        first, *rest = net.events()
        assert first == (client.key, CONNECTED | WRITABLE)
        assert net.engine.now() - began >= 4 * MS
        # Both at once, where the machine is busy.
        assert (rest or net.events()) == [(listener.key, READABLE)]
        net.engine.stop()

    def test_each_time_has_its_own_calls(self, real: Net, virtual: Net) -> None:
        with pytest.raises(EngineError, match="real time"):
            real.engine.advance_to_event(0)
        with pytest.raises(EngineError, match="virtual time"):
            virtual.engine.fileno()


class TestThreads:
    """The engine is busy all the time, so that callers have to wait for their turn."""

    def test_threads_share_an_engine(self, real: Net) -> None:
        topology = real.engine.topology.with_app("source", Source(size=60))
        topology = topology.with_app("sink", Sink())
        real.engine.configure(topology.with_link(parse_connection("source.tx -> sink.rx")))
        failed: list[BaseException] = []

        def carry(port: int, send: Send, receive: Receive) -> None:
            try:
                listener = real.engine.listen("server", ("10.0.0.2", port))
                client = real.engine.connect("client", ("10.0.0.2", port))
                while (server := listener.accept()) is None:
                    pass
                for _ in range(50):
                    sent = send(client)
                    assert receive(server, sent) == BYTES[:sent]
            except BaseException as error:
                failed.append(error)

        ways: list[tuple[Send, Receive]] = [
            (lambda socket: socket.send(BYTES[:5000]), received),
            (lambda socket: socket.send(bytearray(BYTES[:5000])), received_into),
        ]
        threads = [
            threading.Thread(target=carry, args=(port, *way)) for port, way in enumerate(ways, 80)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []

    def test_a_datagram_crosses_a_busy_engine(self, real: Net) -> None:
        topology = real.engine.topology.with_app("source", Source(size=60))
        topology = topology.with_app("sink", Sink())
        real.engine.configure(topology.with_link(parse_connection("source.tx -> sink.rx")))
        server = real.engine.bind("server", ("10.0.0.2", 53))
        client = real.engine.bind("client", CLIENT)
        for number in range(50):
            data = bytearray(b"%d" % number)
            assert client.send_to(data, ("10.0.0.2", 53))
            while (came := server.receive_from()) is None:
                pass
            assert came == (bytes(data), client.local())


def received(socket: Socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += socket.receive(count - len(data)) or b""
    return data


def received_into(socket: Socket, count: int) -> bytes:
    room, place = bytearray(count), 0
    while place < count:
        place += socket.receive_into(memoryview(room)[place:]) or 0
    return bytes(room)
