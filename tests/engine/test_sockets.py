"""Sockets of hosts at the border: what they carry, say and refuse, in virtual and in real time."""

from __future__ import annotations

import errno
import json
import random
import select
import threading
from array import array
from typing import TYPE_CHECKING, TypeAlias, cast

import pytest

from usernet.config.address import parse_interface_address
from usernet.config.apps import Sink, Source
from usernet.config.host import HostConfig, InterfaceConfig
from usernet.config.impairment import Impairment
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from usernet._core import Socket

    Send: TypeAlias = Callable[[Socket], int]
    Receive: TypeAlias = Callable[[Socket, int], bytes]

MS = 1_000_000
SECOND = 1_000_000_000
READABLE, WRITABLE, CONNECTED, FAILED = 1, 2, 4, 16
PATIENCE = 20.0
CLIENT, SERVER = ("10.0.0.1", 0), ("10.0.0.2", 80)
BYTES = random.Random(7).randbytes(3_000_000)


def host(*addresses: str) -> HostConfig:
    read = tuple(parse_interface_address(one, "addresses") for one in addresses)
    return HostConfig((InterfaceConfig("eth0", read),))


def pair(delay: str | None = None) -> Topology:
    """Two hosts, on one wire or on a line with a delay."""
    topology = Topology().with_app("client", host("10.0.0.1/24", "fd00::1/64"))
    topology = topology.with_app("server", host("10.0.0.2/24", "fd00::2/64"))
    for one, other in (("client", "server"), ("server", "client")):
        if delay is None:
            links = [f"{one}.eth0 -> {other}.eth0"]
        else:
            topology = topology.with_app(f"to-{other}", Impairment(delay=delay))
            links = [f"{one}.eth0 -> to-{other}.rx", f"to-{other}.tx -> {other}.eth0"]
        for link in links:
            topology = topology.with_link(parse_connection(link))
    return topology


class Net:
    """An engine with two hosts, and a way to wait for what comes next."""

    def __init__(self, *, virtual: bool, delay: str | None = None) -> None:
        self.engine = Engine(seed=7, virtual=virtual)
        self.engine.configure(pair(delay))
        self.virtual = virtual

    def events(self) -> list[tuple[int, int]]:
        """The next events, waited for."""
        if self.virtual:
            assert self.engine.advance_to_event(self.engine.now() + 60 * SECOND)
        else:
            assert select.select([self.engine], [], [], PATIENCE)[0]
        return self.engine.drain()

    def until(self, done: Callable[[], object]) -> None:
        """Go on until something is so."""
        while not done():
            if self.virtual:
                self.engine.advance(self.engine.now() + MS)
            else:
                self.engine.wait(0.001)

    def connected(self) -> tuple[Socket, Socket]:
        """A connection: the client's end and the server's."""
        listener = self.engine.listen("server", SERVER)
        client = self.engine.connect("client", SERVER)
        self.until(lambda: "established" in self.sockets("server"))
        server = listener.accept()
        assert server is not None
        listener.close()
        self.engine.drain()
        return client, server

    def receive(self, socket: Socket, limit: int = 1 << 20) -> bytes:
        """What a socket receives next, waited for."""
        received: list[bytes] = []

        def is_there() -> bool:
            data = socket.receive(limit)
            received.extend(() if data is None else (data,))
            return bool(received)

        self.until(is_there)
        return received[0]

    def sockets(self, name: str) -> dict[str, int]:
        """How many sockets a host has, by their state."""
        return cast("dict[str, int]", self.engine.statistics().apps[name]["sockets"])


@pytest.fixture(params=["virtual", "real"])
def net(request: pytest.FixtureRequest) -> Iterator[Net]:
    net = Net(virtual=request.param == "virtual")
    yield net
    net.engine.stop()


@pytest.fixture
def virtual() -> Iterator[Net]:
    net = Net(virtual=True, delay="10ms")
    yield net
    net.engine.stop()


@pytest.fixture
def real() -> Iterator[Net]:
    net = Net(virtual=False)
    yield net
    net.engine.stop()


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


class TestBuffers:
    @pytest.mark.parametrize(
        "data",
        [
            b"\0\1\2\3",
            bytearray(b"\0\1\2\3"),
            memoryview(b"??\0\1\2\3??")[2:6],
            memoryview(bytearray(b"\0\1\2\3")).cast("I"),
            array("H", b"\0\1\2\3"),
        ],
        ids=["bytes", "bytearray", "slice", "words", "array"],
    )
    def test_whatever_is_contiguous_can_be_sent(self, net: Net, data: Buffer) -> None:
        client, server = net.connected()
        assert client.send(data) == 4
        assert net.receive(server) == b"\0\1\2\3"

    def test_nothing_can_be_sent(self, net: Net) -> None:
        client, _ = net.connected()
        assert client.send(b"") == client.send(bytearray()) == 0

    @pytest.mark.parametrize(("start", "end"), [(0, 8), (2, 5), (3, 3)])
    def test_received_bytes_go_where_they_are_wanted(self, net: Net, start: int, end: int) -> None:
        client, server = net.connected()
        client.send(b"abc")
        net.until(lambda: client.unacknowledged() == 0)
        room = bytearray(8)
        count = server.receive_into(memoryview(room)[start:end])
        assert count == min(3, end - start)
        assert room[start : start + count] == b"abc"[:count]
        assert room.count(0) == 8 - count

    def test_a_limit_beyond_all_memory_is_no_limit(self, net: Net) -> None:
        client, server = net.connected()
        client.send(b"abc")
        net.until(lambda: client.unacknowledged() == 0)
        assert server.receive(0) == b""
        assert server.receive(2**62) == b"abc"

    @pytest.mark.parametrize("wrong", [memoryview(b"abcd")[::2], b"abcd"], ids=["gaps", "fixed"])
    def test_what_cannot_be_written_to_is_refused(self, net: Net, wrong: Buffer) -> None:
        client, _ = net.connected()
        with pytest.raises(ValueError, match="buffer"):
            client.receive_into(wrong)

    def test_what_has_gaps_cannot_be_sent(self, net: Net) -> None:
        client, _ = net.connected()
        with pytest.raises(ValueError, match="not contiguous"):
            client.send(memoryview(b"abcd")[::2])

    @pytest.mark.parametrize("wrong", ["text", 7, None])
    def test_what_is_no_buffer_is_refused(self, net: Net, wrong: object) -> None:
        client, _ = net.connected()
        with pytest.raises(TypeError):
            client.send(cast("bytes", wrong))


class TestWhatIsRefused:
    @pytest.mark.parametrize("limit", [-1, -(10**30), 10**30])
    def test_an_impossible_limit(self, net: Net, limit: int) -> None:
        client, _ = net.connected()
        with pytest.raises(ValueError, match="limit"):
            client.receive(limit)

    @pytest.mark.parametrize("backlog", [-1, 10**30])
    def test_an_impossible_backlog(self, net: Net, backlog: int) -> None:
        with pytest.raises(ValueError, match="backlog"):
            net.engine.listen("server", SERVER, backlog)

    @pytest.mark.parametrize(
        ("address", "words"),
        [
            (("server", 80), "not a numeric"),
            (("10.0.0", 80), "not a numeric"),
            (("10.0.0.2%1", 80), "not a numeric"),
            (("", 80), "not a numeric"),
            (("10.0.0.2", -1), "port"),
            (("10.0.0.2", 65536), "port"),
            (("10.0.0.2", 10**30), "port"),
        ],
    )
    def test_an_impossible_address(self, net: Net, address: tuple[str, int], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            net.engine.connect("client", address)
        socket = net.engine.bind("client", CLIENT)
        with pytest.raises(ValueError, match=words):
            socket.send_to(b"", address)

    @pytest.mark.parametrize("address", ["10.0.0.2:80", ("10.0.0.2",), ("10.0.0.2", "80"), None])
    def test_what_is_no_address(self, net: Net, address: object) -> None:
        with pytest.raises(TypeError, match="a pair of a numeric address and a port"):
            net.engine.connect("client", cast("tuple[str, int]", address))

    def test_a_host_that_is_not_there(self, net: Net) -> None:
        with pytest.raises(ConfigError, match="there is no host nobody"):
            net.engine.bind("nobody", CLIENT)
        with pytest.raises(ConfigError, match="there is no host nobody"):
            net.engine.source_for("nobody", "10.0.0.2")

    @pytest.mark.parametrize("options", ["{", "[]", '{"nosuch": 1}', '{"congestion": "none"}'])
    def test_impossible_options(self, net: Net, options: str) -> None:
        with pytest.raises(ConfigError, match="options of a socket"):
            net.engine.bind("client", CLIENT, options=options)
        socket = net.engine.bind("client", CLIENT)
        with pytest.raises(ConfigError, match="options of a socket"):
            socket.set_options(options)

    def test_an_address_in_use_is_named(self, net: Net) -> None:
        first = net.engine.listen("server", SERVER)
        with pytest.raises(OSError, match=r"in use: 10\.0\.0\.2:80") as told:
            net.engine.listen("server", SERVER)
        assert told.value.errno == errno.EADDRINUSE
        first.close()
        net.engine.listen("server", SERVER)

    def test_an_address_of_nobody_or_somebody_else(self, net: Net) -> None:
        with pytest.raises(OSError, match=r"10\.0\.0\.1:80") as told:
            net.engine.listen("server", ("10.0.0.1", 80))
        assert told.value.errno == errno.EADDRNOTAVAIL
        with pytest.raises(OSError, match=r"192\.0\.2\.1:80") as told:
            net.engine.connect("client", ("192.0.2.1", 80))
        assert told.value.errno == errno.ENETUNREACH

    def test_what_a_listener_cannot_do(self, net: Net) -> None:
        listener = net.engine.listen("server", SERVER)
        for ask in (lambda: listener.send(b"x"), listener.shutdown):
            with pytest.raises(OSError, match="not connected") as told:
                ask()
            assert told.value.errno == errno.ENOTCONN


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
                for _ in range(200):
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
        for number in range(200):
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
