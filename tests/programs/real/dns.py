"""A DNS server of a few names, over UDP and TCP (RFC 1035 §4)."""

from __future__ import annotations

import socketserver
from ipaddress import ip_address

__all__ = ["ByDatagram", "ByStream"]

NAMES = {
    "example.org": ("203.0.113.10",),
    "both.example.org": ("203.0.113.10", "2001:db8::10"),
    "nowhere.example.org": ("198.51.100.1",),
}
"""Each name's addresses."""
_KINDS = {4: 1, 6: 28}
"""The record types A and AAAA."""
_NO_SUCH_NAME = 3


def _answer(asked: bytes) -> bytes:
    """The answer to a question of one name."""
    end = asked.index(b"\0", 12) + 5
    name, kind = _name(asked[12:end]), int.from_bytes(asked[end - 4 : end - 2], "big")
    found = [ip_address(text) for text in NAMES.get(name, ())]
    right = [address.packed for address in found if _KINDS[address.version] == kind]
    flags = 0x8180 | (0 if found else _NO_SUCH_NAME)
    header = b"".join(word.to_bytes(2, "big") for word in (flags, 1, len(right), 0, 0))
    return asked[:2] + header + asked[12:end] + b"".join(_record(kind, one) for one in right)


def _name(question: bytes) -> str:
    labels, at = [], 0
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode().lower())
        at += 1 + size
    return ".".join(labels)


def _record(kind: int, address: bytes) -> bytes:
    """An address for the name that was asked for, for a minute."""
    words = (0xC00C, kind, 1, 0, 60, len(address))
    return b"".join(word.to_bytes(2, "big") for word in words) + address


class ByDatagram(socketserver.BaseRequestHandler):
    """Answers in one datagram."""

    def handle(self) -> None:
        data, socket = self.request
        socket.sendto(_answer(data), self.client_address)


class ByStream(socketserver.BaseRequestHandler):
    """Answers with the length before the message."""

    def handle(self) -> None:
        with self.request.makefile("rwb") as stream:
            said = _answer(stream.read(int.from_bytes(stream.read(2), "big")))
            stream.write(len(said).to_bytes(2, "big") + said)
