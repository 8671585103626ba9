"""What sockets take, and what they refuse."""

from __future__ import annotations

import errno
from array import array
from typing import TYPE_CHECKING, cast

import pytest

from usernet.errors import ConfigError

from .two_hosts import CLIENT, SERVER, Net

if TYPE_CHECKING:
    from typing_extensions import Buffer


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
            (("10.0.0.2", -(10**50)), "port"),
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
