"""What commands and agents say to each other: lines, descriptors beside them, and errors."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

import pytest

from usernet import errors
from usernet.errors import AuthenticationError, ConfigError, EngineError, HandshakeError
from usernet.tunnel import agent_messages
from usernet.tunnel.agent_messages import (
    check_peer,
    error_from,
    error_of,
    read_line,
    write_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    first, second = socket.socketpair()
    with first, second:
        yield first, second


def test_what_follows_a_line_is_left_for_whoever_reads_on(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    write_line(ends[0], {"ok": {}})
    ends[0].sendall(b"the connection's own bytes\n")
    assert read_line(ends[1]) == ({"ok": {}}, [])
    assert ends[1].recv(100) == b"the connection's own bytes\n"


def test_descriptors_come_with_a_line(ends: tuple[socket.socket, socket.socket]) -> None:
    read, write = os.pipe()
    write_line(ends[0], {"verb": "dial", "host": "é" * 5000}, [write])
    os.close(write)
    message, (given,) = read_line(ends[1])
    assert message["host"] == "é" * 5000
    os.write(given, b"x")
    assert os.read(read, 10) == b"x"
    os.close(read)
    os.close(given)


@pytest.mark.parametrize("data", [b"nonsense\n", b"[1]\n", b"\xff\n", b"1\n"])
def test_what_is_no_message_is_refused(
    ends: tuple[socket.socket, socket.socket], data: bytes
) -> None:
    ends[0].sendall(data)
    with pytest.raises(ValueError):  # noqa: PT011 - json's own, or ours
        read_line(ends[1])


def test_an_end_in_the_middle_is_told(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(b'{"ok"')
    ends[0].close()
    with pytest.raises(EOFError):
        read_line(ends[1])


def test_a_line_without_end_is_refused(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_messages, "LONGEST", 10)
    ends[0].sendall(b"x" * 30)
    with pytest.raises(ValueError, match="too long"):
        read_line(ends[1])


@pytest.mark.parametrize(
    "error",
    [
        HandshakeError("no handshake with the peer"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused", "db.internal:5432"),
        TimeoutError(errno.ETIMEDOUT, "Connection timed out", "db.internal:5432"),
        TimeoutError("nothing came back"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        AuthenticationError("not yours"),
    ],
)
def test_errors_are_the_same_on_both_sides(error: Exception) -> None:
    found = error_from(error_of(error))
    assert type(found) is type(error)
    assert str(found) == str(error)


def test_every_error_of_ours_can_be_told() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.UsernetError):
            assert type(error_from({"kind": name, "message": "said"})) is kind


def test_where_it_was_is_in_the_words() -> None:
    told = error_from(error_of(ConfigError("no key", file="wg0.conf", line=3)))
    assert isinstance(told, ConfigError)
    assert str(told) == "wg0.conf:3: no key"


@pytest.mark.parametrize("kind", ["SystemExit", "network_failure", None, "OSError"])
def test_what_is_no_error_of_ours_is_the_agents(kind: str | None) -> None:
    assert isinstance(error_from({"kind": kind, "message": "said"}), EngineError)
    assert str(error_from(error_of(KeyError("host")))) == "KeyError: 'host'"


def test_who_is_of_this_user_is_let_in(ends: tuple[socket.socket, socket.socket]) -> None:
    check_peer(ends[0])


def test_who_is_of_another_user_is_not(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getuid()
    if own == 0:  # root is let in everywhere; so ask as somebody who is of user 4321
        monkeypatch.setattr(agent_messages, "_ROOT", -1)
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    with pytest.raises(AuthenticationError, match=f"of user {own}, not of 4321"):
        check_peer(ends[0])
