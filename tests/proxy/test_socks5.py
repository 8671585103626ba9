"""SOCKS 5 byte by byte, against RFC 1928 and RFC 1929."""

from __future__ import annotations

import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.errors import HandshakeError, UnknownNameError
from usernet.proxy.credentials import Credentials
from usernet.proxy.socks5 import (
    Command,
    Datagram,
    RefusalError,
    Reply,
    Request,
    dialogue,
    reply,
    reply_to,
)

USERS = Credentials({"ann": "secret", "bob": "b"})
CONNECT = b"\x05\x01\x00"
OPEN = b"\x05\x01\x00"


def outcome(said: bytes, users: Credentials | None = None) -> tuple[Request, bytes, bytes]:
    """The request, what was sent, and what was left of what the client said."""
    machine, sent, at = dialogue(users), b"", 0
    step = next(machine)
    try:
        while True:
            if isinstance(step, int):
                part, at = said[at : at + step], at + step
                assert len(part) == step, "it wants more than was said"
                step = machine.send(part)
            else:
                sent += step
                step = machine.send(b"")
    except StopIteration as end:
        return end.value, sent, said[at:]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (b"\x01\x0a\x00\x00\x05", "10.0.0.5"),
        (b"\x04" + bytes(15) + b"\x01", "::1"),
        (b"\x03\x0bdb.internal", "db.internal"),
    ],
)
def test_a_request_takes_not_a_byte_too_many(address: bytes, host: str) -> None:
    said = OPEN + CONNECT + address + b"\x15\x38" + b"hello"
    assert outcome(said) == (Request(Command.CONNECT, host, 5432), b"\x05\x00", b"hello")


def test_a_user_with_his_password() -> None:
    said = (
        b"\x05\x02\x00\x02" + b"\x01\x03ann\x06secret" + CONNECT + b"\x01\x01\x02\x03\x04\x00\x50"
    )
    request, sent, left = outcome(said, USERS)
    assert request == (Command.CONNECT, "1.2.3.4", 80)
    assert (sent, left) == (b"\x05\x02\x01\x00", b"")


def test_datagrams_are_asked_for() -> None:
    request, _, _ = outcome(OPEN + b"\x05\x03\x00\x01" + bytes(6))
    assert request == (Command.UDP_ASSOCIATE, "0.0.0.0", 0)


@pytest.mark.parametrize(
    ("said", "users", "problem", "answer"),
    [
        (b"\x04\x01", None, "speaks SOCKS 4", b""),
        (b"GE", None, "speaks HTTP", b""),
        (b"\x16\x03", None, "does not speak SOCKS 5", b""),
        (b"\x05\x01\x02", None, "wants a password asked for", b"\x05\xff"),
        (b"\x05\x00", None, "wants a password asked for", b"\x05\xff"),
        (OPEN, USERS, "offers no user", b"\x05\xff"),
        (b"\x05\x01\x02\x01\x03ann\x05wrong", USERS, "wrong user or password", b"\x01\x01"),
        (b"\x05\x01\x02\x01\x03eve\x06secret", USERS, "wrong user or password", b"\x01\x01"),
        (b"\x05\x01\x02\x01\x03eve\x00", USERS, "wrong user or password", b"\x01\x01"),
        (b"\x05\x01\x02\x05\x03", USERS, "broken authentication", b""),
        (OPEN + b"\x04\x01\x00\x01", None, "broken request", b""),
        (OPEN + b"\x05\x02\x00\x01" + bytes(6), None, "BIND is not there", reply(Reply(7))),
        (OPEN + b"\x05\x09\x00\x01" + bytes(6), None, "unknown command 9", reply(Reply(7))),
        (OPEN + b"\x05\x01\x00\x02", None, "unknown kind of address", reply(Reply(8))),
        (OPEN + b"\x05\x01\x00\x03\x00", None, "no name", reply(Reply(1))),
        (OPEN + b"\x05\x01\x00\x03\x02\xff\xfe", None, "no name", reply(Reply(1))),
        (OPEN + b"\x05\x01\x00\x03\x02a\n", None, "no name", reply(Reply(1))),
    ],
)
def test_who_is_refused_and_what_is_said(
    said: bytes, users: Credentials | None, problem: str, answer: bytes
) -> None:
    with pytest.raises(RefusalError, match=problem) as caught:
        outcome(said, users)
    assert caught.value.answer == answer


def test_replies() -> None:
    assert reply(Reply.SUCCEEDED) == b"\x05\x00\x00\x01" + bytes(6)
    assert reply(Reply.SUCCEEDED, "::1", 256) == b"\x05\x00\x00\x04" + bytes(15) + b"\x01\x01\x00"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(), 5),
        (OSError(errno.ENETUNREACH, ""), 3),
        (HandshakeError("no answer"), 3),
        (OSError(errno.EHOSTUNREACH, ""), 4),
        (UnknownNameError("unknown"), 4),
        (socket.gaierror(-2, ""), 4),
        (TimeoutError(), 6),
        (ConnectionResetError(), 1),
    ],
)
def test_why_nobody_was_reached(error: OSError, code: int) -> None:
    assert reply_to(error) == code


HOSTS = st.ip_addresses().map(str) | st.from_regex(r"[a-z]{1,20}\.[a-z]{1,9}", fullmatch=True)


@given(st.ip_addresses().map(str), st.integers(0, 65535), st.binary(max_size=99))
def test_a_datagram_there_and_back(host: str, port: int, data: bytes) -> None:
    datagram = Datagram(host, port, data)
    assert Datagram.from_wire(datagram.to_wire()) == datagram


def test_a_datagram_to_a_name() -> None:
    wire = b"\0\0\0\x03\x04host\x00\x35query"
    assert Datagram.from_wire(wire) == ("host", 53, b"query")


@pytest.mark.parametrize("wire", [b"", b"\0\0\0", b"\0\0\1\1" + bytes(6), b"\0\0\0\1" + bytes(5)])
def test_a_broken_datagram_is_none(wire: bytes) -> None:
    assert Datagram.from_wire(wire) is None


@given(st.binary(max_size=64))
def test_whatever_comes_is_a_datagram_or_none(wire: bytes) -> None:
    datagram = Datagram.from_wire(wire)
    assert datagram is None or wire.endswith(datagram.data)


@given(st.binary(max_size=64), st.booleans())
def test_whatever_a_client_says_has_an_end(said: bytes, asks: bool) -> None:
    machine, at = dialogue(USERS if asks else None), 0
    step = next(machine)
    try:
        while not isinstance(step, int) or len(said) - at >= step:
            part = said[at : at + step] if isinstance(step, int) else b""
            at += len(part)
            step = machine.send(part)
    except (StopIteration, RefusalError):
        pass
    assert at <= len(said)
