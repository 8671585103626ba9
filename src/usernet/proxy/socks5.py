"""SOCKS 5 (RFC 1928) with user and password (RFC 1929): what is said, without I/O.

A dialogue is a generator. It yields how many bytes it wants of the client, exactly, or bytes to
send; it returns the request, or raises `RefusalError`. So nobody reads a byte that belongs to what
comes after the dialogue.
"""

from __future__ import annotations

import errno
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import gaierror
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from usernet.errors import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Generator

    from usernet.proxy.credentials import Credentials

__all__ = [
    "Command",
    "Datagram",
    "Dialogue",
    "RefusalError",
    "Reply",
    "Request",
    "dialogue",
    "reply",
    "reply_to",
]


class Command(IntEnum):
    """What a client may ask for (RFC 1928, 4)."""

    CONNECT = 1
    BIND = 2
    UDP_ASSOCIATE = 3


class Reply(IntEnum):
    """How a request went (RFC 1928, 6)."""

    SUCCEEDED = 0
    FAILED = 1
    NOT_ALLOWED = 2
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    REFUSED = 5
    TTL_EXPIRED = 6
    COMMAND_NOT_SUPPORTED = 7
    ADDRESS_NOT_SUPPORTED = 8


class Request(NamedTuple):
    """What a client asks for: a command, and a name or numeric address with a port."""

    command: Command
    host: str
    port: int


class RefusalError(Exception):
    """The dialogue has ended without a request.

    Attributes:
        answer: What is to be sent before the connection is closed.
    """

    def __init__(self, problem: str, answer: bytes = b"") -> None:
        super().__init__(problem)
        self.answer = answer


Dialogue: TypeAlias = "Generator[int | bytes, bytes, Request]"
"""Yields what it wants, or what is to be sent; is sent what it wanted (or nothing)."""

_VERSION = 5
_SOCKS4 = 4
_PASSWORD_VERSION = 1  # RFC 1929, 2
_OPEN, _PASSWORD, _NONE_FITS = 0, 2, 255  # methods: RFC 1928, 3
_IPV4, _NAME, _IPV6 = 1, 3, 4  # address types: RFC 1928, 5


def dialogue(credentials: Credentials | None) -> Dialogue:
    """A client's dialogue up to its request.

    Args:
        credentials: Who may ask; everybody where None.

    Raises:
        RefusalError: It is not admitted, asks for what there is not, or does not speak SOCKS 5.
    """
    yield from _greeted(credentials)
    version, command, _, kind = yield 4
    if version != _VERSION:
        raise RefusalError("broken request")
    host = yield from _address(kind)
    port = int.from_bytes((yield 2))
    if command not in (Command.CONNECT, Command.UDP_ASSOCIATE):
        what = "BIND is not there" if command == Command.BIND else f"unknown command {command}"
        raise RefusalError(what, reply(Reply.COMMAND_NOT_SUPPORTED))
    return Request(Command(command), host, port)


def _greeted(credentials: Credentials | None) -> Generator[int | bytes, bytes, None]:
    version, count = yield 2
    if version != _VERSION:
        raise RefusalError(_other_protocol(version))
    methods = yield count
    method = _OPEN if credentials is None else _PASSWORD
    if method not in methods:
        problem = "offers no user and password" if credentials else "wants a password asked for"
        raise RefusalError(problem, bytes([_VERSION, _NONE_FITS]))
    yield bytes([_VERSION, method])
    if credentials is not None:
        yield from _admitted(credentials)


def _other_protocol(first: int) -> str:
    if first == _SOCKS4:
        return "speaks SOCKS 4, and this is SOCKS 5"
    if chr(first).isalpha():
        return "speaks HTTP, it seems, and this is SOCKS 5: usernet http is for that"
    return "does not speak SOCKS 5"


def _admitted(credentials: Credentials) -> Generator[int | bytes, bytes, None]:
    version, length = yield 2
    if version != _PASSWORD_VERSION:
        raise RefusalError("broken authentication")
    user = yield length
    password = yield (yield 1)[0]
    if not credentials.admit(user, password):
        raise RefusalError("wrong user or password", bytes([_PASSWORD_VERSION, 1]))
    yield bytes([_PASSWORD_VERSION, 0])


def _address(kind: int) -> Generator[int | bytes, bytes, str]:
    if kind == _IPV4:
        return str(IPv4Address((yield 4)))
    if kind == _IPV6:
        return str(IPv6Address((yield 16)))
    if kind == _NAME:
        return _name((yield (yield 1)[0]))
    raise RefusalError("unknown kind of address", reply(Reply.ADDRESS_NOT_SUPPORTED))


def _name(text: bytes) -> str:
    """A name as it was sent: what it may be is for those to say who look it up."""
    name = text.decode("ascii", "replace")
    if not name or not name.isprintable() or "\ufffd" in name:
        raise RefusalError("no name", reply(Reply.FAILED))
    return name


def reply(code: Reply, host: str = "0.0.0.0", port: int = 0) -> bytes:
    """An answer to a request (RFC 1928, 6).

    Args:
        code: How it went.
        host: The numeric address that is the proxy's end.
        port: The port of it.
    """
    return bytes([_VERSION, code, 0]) + _packed(host, port)


def reply_to(error: OSError) -> Reply:
    """The answer that says best why nobody was reached."""
    if isinstance(error, gaierror) or error.errno == errno.EHOSTUNREACH:
        return Reply.HOST_UNREACHABLE
    if isinstance(error, HandshakeError) or error.errno == errno.ENETUNREACH:
        return Reply.NETWORK_UNREACHABLE
    if isinstance(error, ConnectionRefusedError):
        return Reply.REFUSED
    return Reply.TTL_EXPIRED if isinstance(error, TimeoutError) else Reply.FAILED


def _packed(host: str, port: int) -> bytes:
    address = ip_address(host.partition("%")[0])
    kind = _IPV4 if address.version == 4 else _IPV6  # noqa: PLR2004
    return bytes([kind]) + address.packed + port.to_bytes(2)


class Datagram(NamedTuple):
    """A datagram between a client and its relay (RFC 1928, 7)."""

    host: str
    port: int
    data: bytes

    def to_wire(self) -> bytes:
        """As it goes to the client; its host is numeric."""
        return b"\0\0\0" + _packed(self.host, self.port) + self.data

    @classmethod
    def from_wire(cls, wire: bytes) -> Datagram | None:
        """As it came from the client; None where it is broken, or a fragment of one."""
        if len(wire) < 4 or wire[2]:  # noqa: PLR2004 - fragments may be dropped, RFC 1928, 7
            return None
        try:
            host, at = _unpacked(wire)
        except RefusalError:
            return None
        if len(wire) < at + 2:
            return None
        return cls(host, int.from_bytes(wire[at : at + 2]), wire[at + 2 :])


def _unpacked(wire: bytes) -> tuple[str, int]:
    """The address in a datagram, and where the port begins."""
    reader, at = _address(wire[3]), 4
    wanted = next(reader)
    while True:
        assert isinstance(wanted, int)
        part = wire[at : at + wanted]
        at += wanted
        if len(part) != wanted:
            raise RefusalError("too short")
        try:
            wanted = reader.send(part)
        except StopIteration as end:
            return str(end.value), at
