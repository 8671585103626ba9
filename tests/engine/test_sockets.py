"""Sockets of hosts at the border: what they carry and tell, in virtual and in real time."""

from __future__ import annotations

import errno
import json

import pytest

from usernet.config.apps import Sink
from usernet.config.topology import Topology
from usernet.errors import EngineError

from .two_hosts import BYTES, CLIENT, MS, SECOND, SERVER, Net, host

READABLE, WRITABLE, CONNECTED, FAILED = 1, 2, 4, 16


class TestTcp:
    def test_bytes_arrive_both_ways_and_end(self, net: Net) -> None:
        client, server = net.connected()
        assert client.send(b"question") == 8
        assert net.receive(server, 5) == b"quest"
        assert server.receive(100) == b"ion"
        assert server.receive(100) is None
        server.send(b"answer")
        server.shutdown()
        assert net.receive(client) == b"answer"
        assert net.receive(client) == net.receive(client) == b""

    def test_events_come_with_the_key_of_their_socket(self, net: Net) -> None:
        listener = net.engine.listen("server", SERVER)
        client = net.engine.connect("client", SERVER)
        assert net.events() == [(client.key, CONNECTED | WRITABLE), (listener.key, READABLE)]
        assert net.engine.drain() == []

    def test_addresses_are_numeric_and_the_ports_are_those_in_use(self, net: Net) -> None:
        client, server = net.connected()
        assert client.remote() == server.local() == SERVER
        local = client.local()
        assert local is not None
        assert local == server.remote()
        assert local[0] == "10.0.0.1"
        assert local[1] >= 1024

    def test_ipv6(self, net: Net) -> None:
        listener = net.engine.listen("server", ("::", 80))
        client = net.engine.connect("client", ("fd00::2", 80))
        net.events()
        server = listener.accept()
        assert server is not None
        assert server.local() == ("fd00::2", 80)
        assert client.local() == server.remote()

    def test_nothing_to_accept_and_nothing_to_receive_is_none(self, net: Net) -> None:
        listener = net.engine.listen("server", SERVER)
        assert listener.accept() is None
        client, _ = net.engine.connect("client", SERVER), net.events()
        assert client.receive(1) is None
        assert client.receive_into(bytearray(1)) is None

    def test_more_than_there_is_room_for_is_sent_in_part(self, net: Net) -> None:
        options = json.dumps({"send_buffer": 65536, "receive_buffer": 65536})
        listener = net.engine.listen("server", SERVER, options=options)
        client = net.engine.connect("client", SERVER, options=options)
        net.events()
        first = client.send(BYTES)
        assert 0 < first < len(BYTES)
        sent, received, server = first, bytearray(), listener.accept()
        assert server is not None
        while len(received) < len(BYTES):
            received += server.receive(1 << 20) or b""
            sent += client.send(memoryview(BYTES)[sent:])
            if net.virtual:
                net.engine.advance_to_event(net.engine.now() + SECOND)
                net.engine.drain()
        assert received == BYTES
        assert sent == len(BYTES)


class TestTcpInVirtualTime:
    def test_a_connection_stands_after_a_round_trip(self, virtual: Net) -> None:
        listener = virtual.engine.listen("server", SERVER)
        client = virtual.engine.connect("client", SERVER)
        assert virtual.engine.next_deadline() is not None
        assert virtual.events() == [(client.key, CONNECTED | WRITABLE)]
        assert virtual.engine.now() == 20 * MS
        assert virtual.events() == [(listener.key, READABLE)]
        assert virtual.engine.now() == 30 * MS

    def test_refused_is_told_after_a_round_trip_and_once(self, virtual: Net) -> None:
        client = virtual.engine.connect("client", SERVER)
        assert virtual.events() == [(client.key, FAILED)]
        assert virtual.engine.now() == 20 * MS
        with pytest.raises(ConnectionRefusedError, match="connection refused"):
            client.receive(1)
        assert client.take_error() == errno.ECONNREFUSED
        assert client.take_error() == 0

    def test_a_reset_is_told(self, virtual: Net) -> None:
        client, server = virtual.connected()
        server.abort()
        assert virtual.events() == [(client.key, FAILED)]
        with pytest.raises(ConnectionResetError):
            client.receive(1)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            client.send(b"late")

    def test_without_events_time_goes_to_its_end(self, virtual: Net) -> None:
        assert virtual.engine.advance_to_event(SECOND) is False
        assert virtual.engine.now() == SECOND
        assert virtual.engine.next_deadline() is None

    def test_two_runs_are_the_same(self) -> None:
        assert self.journal() == self.journal()

    @staticmethod
    def journal() -> list[object]:
        net = Net(virtual=True, delay="10ms")
        client, server = net.connected()
        journal: list[object] = [client.local()]
        sent = received = 0
        while received < len(BYTES):
            sent += client.send(memoryview(BYTES)[sent:])
            while (data := server.receive(1 << 16)) is not None:
                received += len(data)
            journal.append((net.engine.now(), sent, received))
            if received < len(BYTES):
                journal.append(net.events())
        net.engine.stop()
        return journal


class TestUdp:
    def test_datagrams_keep_their_bounds_and_say_whom_they_are_from(self, net: Net) -> None:
        server = net.engine.bind("server", ("0.0.0.0", 53))
        client = net.engine.bind("client", CLIENT)
        assert server.receive_from() is None
        for data in (b"one", b"", b"three"):
            assert client.send_to(data, ("10.0.0.2", 53)) is True
        assert net.events() == [(server.key, READABLE)]
        local = client.local()
        assert server.receive_from() == (b"one", local)
        assert server.receive_from() == (b"", local)
        assert server.receive_from() == (b"three", local)
        assert server.receive_from() is None

    def test_a_connected_one_sends_and_receives_with_its_peer(self, net: Net) -> None:
        server = net.engine.bind("server", ("10.0.0.2", 53))
        client = net.engine.bind("client", CLIENT, ("10.0.0.2", 53))
        assert client.send(b"ping") == 4
        net.events()
        data, peer = server.receive_from() or (b"", ("", 0))
        assert server.send_to(data, peer)
        net.events()
        assert client.receive(3) == b"pin"
        assert client.receive(100) is None
        assert client.remote() == ("10.0.0.2", 53)

    def test_the_largest_datagram_passes_and_none_beyond(self, net: Net) -> None:
        server = net.engine.bind("server", ("10.0.0.2", 53))
        client = net.engine.bind("client", CLIENT)
        largest = BYTES[:65507]
        assert client.send_to(largest, ("10.0.0.2", 53))
        net.events()
        assert server.receive_from() == (largest, client.local())
        with pytest.raises(OSError, match="message too long") as told:
            client.send_to(BYTES[:65508], ("10.0.0.2", 53))
        assert told.value.errno == errno.EMSGSIZE

    def test_where_nobody_listens_an_error_comes_once(self, net: Net) -> None:
        client = net.engine.bind("client", CLIENT, ("10.0.0.2", 53))
        client.send(b"anybody?")
        assert net.events() == [(client.key, FAILED)]
        assert client.take_error() == errno.ECONNREFUSED
        assert client.receive(1) is None

    def test_echo_replies_say_their_number(self, net: Net) -> None:
        echo = net.engine.echo("client")
        assert echo.send_to(b"payload", ("10.0.0.2", 17))
        assert net.events() == [(echo.key, READABLE)]
        assert echo.receive_from() == (b"payload", ("10.0.0.2", 17))
        assert echo.local() is None


class TestOptions:
    def test_what_is_not_named_is_as_before(self, net: Net) -> None:
        socket = net.engine.connect("client", SERVER, options='{"nodelay": true}')
        socket.set_options('{"keepalive_idle": 30000000000}')
        options = json.loads(socket.options())
        assert (options["nodelay"], options["keepalive_idle"]) == (True, 30 * SECOND)
        assert (options["congestion"], options["hop_limit"]) == ("cubic", 64)

    def test_a_connection_says_what_it_does_and_a_datagram_socket_nothing(self, net: Net) -> None:
        client, _ = net.connected()
        assert json.loads(client.info())["state"] == "established"
        assert json.loads(net.engine.bind("client", CLIENT).info()) == {}

    def test_the_source_of_packets(self, net: Net) -> None:
        assert net.engine.source_for("client", "10.0.0.2") == "10.0.0.1"
        assert net.engine.source_for("client", "fd00::2") == "fd00::1"
        with pytest.raises(OSError, match=r"no route there: 192\.0\.2\.1"):
            net.engine.source_for("client", "192.0.2.1")
        with pytest.raises(ValueError, match="not a numeric"):
            net.engine.source_for("client", "server")


class TestEnds:
    def test_closed_sockets_are_gone(self, virtual: Net) -> None:
        client, server = virtual.connected()
        client.close()
        client.close()
        server.close()
        client.abort()
        virtual.engine.advance(600 * SECOND)
        assert virtual.sockets("client") == virtual.sockets("server") == {}

    def test_a_socket_that_nobody_has_is_closed(self, virtual: Net) -> None:
        client, server = virtual.connected()
        client.send(b"last words")
        del client
        assert virtual.receive(server) == b"last words"
        assert virtual.receive(server) == b""
        del server
        for _ in range(100):
            virtual.engine.bind("client", CLIENT)
            virtual.engine.listen("server", ("0.0.0.0", 0))
            virtual.engine.connect("client", SERVER)
            virtual.engine.echo("client")
        virtual.engine.advance(600 * SECOND)
        assert virtual.sockets("client") == virtual.sockets("server") == {}

    def test_a_closed_socket_is_none(self, net: Net) -> None:
        client, _ = net.connected()
        client.close()
        for ask in (lambda: client.receive(1), lambda: client.send(b"x"), client.shutdown):
            with pytest.raises(OSError, match="socket is closed") as told:
                ask()
            assert told.value.errno == errno.EBADF
        assert client.local() is client.remote() is None
        assert client.unacknowledged() == client.take_error() == 0

    def test_sockets_outlive_a_change_of_the_graph_around_them(self, net: Net) -> None:
        client, server = net.connected()
        more = net.engine.topology.with_app("a-third", host("10.0.0.3/24"))
        net.engine.configure(more.with_app("d-fourth", Sink()))
        client.send(b"still there")
        assert net.receive(server) == b"still there"

    def test_with_its_host_a_socket_is_gone_for_good(self, net: Net) -> None:
        client, server = net.connected()
        topology = net.engine.topology
        net.engine.configure(Topology())
        net.engine.configure(topology)
        with pytest.raises(OSError, match="socket is closed") as told:
            client.send(b"x")
        assert told.value.errno == errno.EBADF
        client.close()
        server.abort()
        again, _ = net.connected()
        assert again.key not in (client.key, server.key)

    def test_with_its_engine_a_socket_is_gone(self, real: Net) -> None:
        client, server = real.connected()
        real.engine.stop()
        for ask in (lambda: client.receive(1), lambda: client.send(b"x"), real.engine.drain):
            with pytest.raises(EngineError, match="stopped"):
                ask()
        client.close()
        server.abort()

    def test_a_socket_keeps_its_engine_alive(self) -> None:
        net = Net(virtual=False)
        client, server = net.connected()
        del net
        client.send(b"alone")
        assert server.receive(100) == b"alone"
