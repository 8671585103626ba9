"""Asking: one question to a name server by a way, and what is printed of the answer."""

from __future__ import annotations

import json
import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
from dns.message import Message

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from socket import socket

    import dns.rdata
    import dns.rrset

    from usernet.tunnel.way import Way

__all__ = ["Answered", "ask", "show"]

_PORT = 53
_ROOM = 1232
"""Bytes of an answer by UDP that pass every path (DNS flag day 2020)."""
_LENGTH = struct.Struct("!H")
_RETRIES = (1.0, 2.0)
"""Seconds after which a question goes again; after the last it is waited for to the end."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer.

    Attributes:
        message: What the server says.
        server: Who it is.
        protocol: ``UDP`` or ``TCP``.
        seconds: How long it took.
        size: How many bytes it has.
    """

    message: Message
    server: str
    protocol: str
    seconds: float
    size: int


def question(name: str, kind: str) -> Message:
    """A question.

    Raises:
        ConfigError: It is no name, or no type.
    """
    try:
        return dns.message.make_query(name, kind, use_edns=0, payload=_ROOM)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ConfigError(f"no question: {error}", value=f"{name} {kind}") from error


def ask(
    way: Way, servers: Sequence[str], name: str, kind: str, *, tcp: bool, timeout: float
) -> Answered:
    """Ask servers in turn, until one answers: by UDP, and by TCP where the answer does not fit.

    Raises:
        ConfigError: It is no name, or no type.
        OSError: None answers: the last one's error.
    """
    asked = question(name, kind)
    last: OSError | None = None
    for server in servers:
        try:
            if not tcp:
                answered = _by_udp(way, server, asked, timeout)
                if not answered.message.flags & dns.flags.TC:
                    return answered
            return _by_tcp(way, server, asked, timeout)
        except OSError as error:
            last = error
    raise last or ConfigError("no name server", allowed="DNS = in the file, or @SERVER")


def _by_udp(way: Way, server: str, asked: Message, timeout: float) -> Answered:
    wire, began = asked.to_wire(), time.monotonic()
    end = began + timeout
    datagrams = way.datagrams()
    try:
        for wait in (*_RETRIES, timeout):
            datagrams.send(wire, server, _PORT)
            until = min(time.monotonic() + wait, end)
            while (left := until - time.monotonic()) > 0:
                try:
                    data, source, _ = datagrams.receive(left)
                except TimeoutError:
                    break
                message = _answer(data, asked) if source == server else None
                if message is not None:
                    return Answered(message, server, "UDP", time.monotonic() - began, len(data))
    finally:
        datagrams.close()
    raise TimeoutError(f"{server}: no answer to a question by UDP in {timeout:g} s")


def _by_tcp(way: Way, server: str, asked: Message, timeout: float) -> Answered:
    wire, began = asked.to_wire(), time.monotonic()
    with way.dial(server, _PORT, timeout=timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(_LENGTH.pack(len(wire)) + wire)
        (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
        data = _exactly(connection, length)
    message = _answer(data, asked)
    if message is None:
        raise ConnectionResetError(f"{server}: what came by TCP is no answer")
    return Answered(message, server, "TCP", time.monotonic() - began, len(data))


def _exactly(connection: socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionResetError("the name server ended the connection before its answer did")
        data += piece
    return data


def _answer(data: bytes, asked: Message) -> Message | None:
    """The message, if it is an answer to what was asked."""
    try:
        message = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return None
    return message if asked.is_response(message) else None


def show(answered: Answered, *, short: bool, as_json: bool) -> None:
    """Print an answer: as ``dig``, as ``dig +short``, or as JSON."""
    lines = _short(answered) if short else _long(answered)
    if as_json:
        lines = iter([json.dumps(_plain(answered))])
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _short(answered: Answered) -> Iterator[str]:
    yield from (one for record in answered.message.answer for one in _data(record))


def _data(record: dns.rrset.RRset) -> list[str]:
    """What stands behind the type of each record, as a zone file has it."""
    found = cast("Iterable[dns.rdata.Rdata]", record)
    return [one.to_text() for one in found]


def _long(answered: Answered) -> Iterator[str]:
    message = answered.message
    status = dns.rcode.to_text(message.rcode())
    flags = dns.flags.to_text(message.flags).lower()
    yield f";; status: {status}, id: {message.id}, flags: {flags}"
    yield "\n;; QUESTION"
    yield from (f";{line}" for one in message.question for line in one.to_text().splitlines())
    sections = (
        ("ANSWER", message.answer),
        ("AUTHORITY", message.authority),
        ("ADDITIONAL", message.additional),
    )
    for title, records in sections:
        if records:
            yield f"\n;; {title}"
            yield from (line for one in records for line in one.to_text().splitlines())
    took, whom = f"{answered.seconds * 1000:.0f} ms", f"{answered.server}#{_PORT}"
    yield f"\n;; {took}, from {whom} ({answered.protocol}), {answered.size} bytes"


def _plain(answered: Answered) -> dict[str, object]:
    message = answered.message
    return {
        "status": dns.rcode.to_text(message.rcode()),
        "server": answered.server,
        "protocol": answered.protocol.lower(),
        "time_ms": round(answered.seconds * 1000, 3),
        "answers": [
            {
                "name": record.name.to_text(),
                "ttl": record.ttl,
                "type": dns.rdatatype.to_text(record.rdtype),
                "data": one,
            }
            for record in message.answer
            for one in _data(record)
        ],
    }
