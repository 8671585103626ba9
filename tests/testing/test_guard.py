"""Guard: what goes round the simulated network is noticed, and refused before it is done."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from usernet.errors import EscapeError
from usernet.testing.guard import watching

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = ("192.0.2.1", 9)


def connect() -> None:
    with socket.socket() as sock:
        sock.connect(NOWHERE)


def connect_ex() -> None:
    with socket.socket() as sock:
        sock.connect_ex(NOWHERE)


def send() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", NOWHERE)


def ask() -> None:
    socket.getaddrinfo("example.invalid", 80)


async def _open() -> None:
    await asyncio.open_connection(*NOWHERE)


def open_connection() -> None:
    asyncio.run(_open())


@pytest.mark.parametrize(
    ("escape", "told"),
    [
        (connect, "a socket of the system's connects to 192.0.2.1 port 9"),
        (connect_ex, "a socket of the system's connects to 192.0.2.1 port 9"),
        (send, "a socket of the system's sends to 192.0.2.1 port 9"),
        (ask, "the system is asked for the address of example.invalid"),
        (open_connection, "a socket of the system's connects to 192.0.2.1 port 9"),
    ],
)
def test_an_escape_is_refused_and_told_with_its_place(
    escape: Callable[[], None], told: str
) -> None:
    with watching() as escapes:
        with pytest.raises(EscapeError, match=told):
            escape()
        assert len(escapes) == 1
        assert escapes[0].startswith(f"{told}, at {__file__}:")


def test_one_that_is_swallowed_is_told_all_the_same() -> None:
    def swallow() -> None:
        with pytest.raises(EscapeError):
            connect()

    with watching() as escapes:
        thread = threading.Thread(target=swallow)
        thread.start()
        thread.join()
        assert len(escapes) == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "fe80::1%lo", "localhost", None, b"10.0.0.1"])
def test_names_that_need_no_server_may_be_asked_for(name: str | None) -> None:
    with watching() as escapes:
        socket.getaddrinfo(name, 80)
        assert escapes == []


def test_what_stays_in_the_machine_s_files_is_no_escape() -> None:
    with watching() as escapes:
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"x")
        assert escapes == []


def test_nobody_watches_outside() -> None:
    with watching():
        pass
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))


def test_one_inside_another_has_its_own() -> None:
    with watching() as outer:
        with watching() as inner, pytest.raises(EscapeError):
            connect()
        with pytest.raises(EscapeError):
            ask()
        assert (len(outer), len(inner)) == (1, 1)
