"""What a program holds of a UDP socket, or of a listening port, in a tunnel."""

from __future__ import annotations

import json
import select
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.errors import EngineError
from usernet.tunnel.ends import LARGEST_DATAGRAM, DatagramsEnd, ListenerEnd, framed, pair, unframed

HOSTS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.binary(max_size=100), HOSTS, st.integers(0, 65535))
def test_a_frame_is_read_as_it_was_written(data: bytes, host: str, port: int) -> None:
    assert unframed(framed(data, host, port)) == (data, host, port)


@pytest.mark.parametrize("frame", [b"", b"\x05abc", b"\x03abc\x01"])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="no datagram"):
        unframed(frame)


def test_datagrams_go_both_ways_and_the_end_is_told() -> None:
    ours, theirs = pair()
    with DatagramsEnd(ours, ("10.0.0.1", 5000)) as end, theirs:
        assert end.address == ("10.0.0.1", 5000)
        assert end.send(b"hi", "db.internal", 53)
        assert theirs.recv(100) == framed(b"hi", "db.internal", 53)
        with pytest.raises(TimeoutError):
            end.receive(0)
        theirs.send(framed(b"x" * LARGEST_DATAGRAM, "10.0.0.5", 53))
        assert select.select([end], [], [], 0)[0] == [end]
        assert end.receive(1) == (b"x" * LARGEST_DATAGRAM, "10.0.0.5", 53)
        with pytest.raises(ValueError, match="65507"):
            end.send(b"x" * (LARGEST_DATAGRAM + 1), "10.0.0.5", 53)
        theirs.close()
        with pytest.raises(EngineError, match="closed"):
            end.receive()
        with pytest.raises(EngineError, match="closed"):
            end.send(b"", "10.0.0.5", 53)
    with pytest.raises(EngineError, match="closed"):
        end.receive()


def test_where_there_is_no_room_that_is_said() -> None:
    ours, theirs = pair()
    with DatagramsEnd(ours, ("10.0.0.1", 5000)) as end, theirs:
        taken = 0
        while end.send(b"x" * 1000, "10.0.0.5", 53):
            taken += 1
        assert taken > 10


def test_connections_come_with_whom_they_are_from() -> None:
    ours, theirs = pair()
    with ListenerEnd(ours, ("10.0.0.1", 80)) as end, theirs:
        with pytest.raises(TimeoutError):
            end.accept(0)
        mine, given_away = socket.socketpair()
        whom = json.dumps(["10.0.0.9", 40000]).encode()
        socket.send_fds(theirs, [whom], [given_away.fileno()])
        given_away.close()
        connection, address = end.accept(1)
        assert address == ("10.0.0.9", 40000)
        with connection, mine:
            mine.sendall(b"hi")
            assert connection.recv(2) == b"hi"
        theirs.close()
        with pytest.raises(EngineError, match="closed"):
            end.accept()
