"""A name server of a few lines, written from RFC 1035 by itself, which keeps what it was asked."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from usernet.net.host import Host

A, CNAME, SOA, AAAA, TXT = 1, 5, 6, 28, 16


def name(text: str) -> bytes:
    labels = text.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record(owner: str, kind: int, ttl: int, data: bytes) -> bytes:
    return name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def address(owner: str, text: str, ttl: int = 60) -> bytes:
    numeric = ip_address(text)
    return record(owner, A if numeric.version == 4 else AAAA, ttl, numeric.packed)


def alias(owner: str, target: str, ttl: int = 60) -> bytes:
    return record(owner, CNAME, ttl, name(target))


def soa(owner: str, ttl: int, least: int) -> bytes:
    data = name("ns.") + name("root.") + struct.pack("!5I", 1, 2, 3, 4, least)
    return record(owner, SOA, ttl, data)


def question(query: bytes) -> tuple[str, int, bytes]:
    """The name and the kind that are asked for, and the bytes of the question."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels), kind, query[12 : at + 5]


def reply(
    query: bytes, *answers: bytes, code: int = 0, flags: int = 0, authority: tuple[bytes, ...] = ()
) -> bytes:
    head = struct.pack("!HHHHHH", 0, 0x8180 | flags | code, 1, len(answers), len(authority), 0)
    return query[:2] + head[2:] + question(query)[2] + b"".join(answers) + b"".join(authority)


@dataclass
class NameServer:
    """Serves records from a host of a network.

    Attributes:
        records: Answers by name and kind.
        asked: What was asked, in order: protocol, name, kind.
        silent: How many datagrams it leaves unanswered.
        fails: Whether it says that it failed.
        truncates: Whether datagrams get only the beginning.
        forges: Whether wrong answers come before the right one.
    """

    records: dict[tuple[str, int], tuple[bytes, ...]] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    silent: int = 0
    fails: bool = False
    truncates: bool = False
    forges: bool = False

    async def serve(self, host: Host) -> None:
        await host.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=("0.0.0.0", 53))
        await host.start_server(self._stream, port=53)

    @asynccontextmanager
    async def on_machine(self, address: str) -> AsyncIterator[None]:
        """Serve from an address of the machine."""
        loop = asyncio.get_running_loop()
        datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(address, 53)
        )
        async with await asyncio.start_server(self._stream, address, 53):
            yield
        datagrams.close()
        await asyncio.sleep(0)  # it closes in the next round

    def answer(self, protocol: str, query: bytes) -> bytes:
        text, kind, _ = question(query)
        self.asked.append((protocol, text, kind))
        if self.fails:
            return reply(query, code=2)
        if self.truncates and protocol == "udp":
            return reply(query, flags=0x0200)
        found = self.records.get((text, kind))
        exists = any(owner == text for owner, _ in self.records)
        if found is None:
            code, nothing = (0 if exists else 3), soa("internal", 300, 30)
            return reply(query, code=code, authority=(nothing,))
        return reply(query, *found)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = self.answer("tcp", await reader.readexactly(length))
        writer.write(struct.pack("!H", len(answer)) + answer)
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        answer = self.server.answer("udp", data)
        if self.server.silent:
            self.server.silent -= 1
            return
        if self.server.forges:
            wrong = address(question(data)[0], "10.6.6.6")
            self.transport.sendto(bytes([data[0] ^ 1]) + reply(data, wrong)[1:], addr)  # type: ignore[arg-type]
            other = data[:12] + name("other.internal") + data[-4:]
            self.transport.sendto(reply(other, address("other.internal", "10.6.6.6")), addr)  # type: ignore[arg-type]
            self.transport.sendto(b"\0" * 5, addr)  # type: ignore[arg-type]
        self.transport.sendto(answer, addr)  # type: ignore[arg-type]
