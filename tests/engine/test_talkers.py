"""Talkers: read as the core has them, and counted by an engine."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from usernet.config.apps import PcapReader, Sink, Split
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.talkers import Talker, Talkers

if TYPE_CHECKING:
    from pathlib import Path

UDP = 17


def datagram(source: int, port: int) -> bytes:
    """An IPv4 packet of 60 bytes to 10.0.0.2 (RFC 791, 3.1; RFC 768)."""
    addresses = bytes([10, 0, 0, source, 10, 0, 0, 2])
    header = struct.pack(">BBHHHBBH", 0x45, 0, 60, 0, 0, 64, UDP, 0) + addresses
    return header + struct.pack(">HHHH", 9, port, 40, 0) + bytes(32)


def test_nothing_is_nobody() -> None:
    assert Talkers.from_core({}) == Talkers()


def test_those_that_are_in_doubt() -> None:
    one = {"address": "::1", "port": 1, "protocol": 6, "packets": 2, "bytes": 3}
    doubt = {"doubted_packets": 4, "doubted_bytes": 5}
    others = {"packets": 6, "bytes": 7}
    raw = {"talkers": [one | doubt], "others": others, "known": 2048, "replaced": 1}
    assert Talkers.from_core(raw) == Talkers((Talker("::1", 1, 6, 2, 3, 4, 5),), 6, 7, 2048, False)


def test_an_engine_counts_the_remote_ends(tmp_path: Path) -> None:
    packets = [datagram(1, 53), datagram(3, 53), datagram(1, 53), datagram(1, 80), b"no IP"]
    path = tmp_path / "some.pcap"
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    records = (struct.pack("<IIII", 0, 0, len(one), len(one)) + one for one in packets)
    path.write_bytes(head + b"".join(records))
    apps = {"read": PcapReader(path), "split": Split((), remote="destination"), "sink": Sink()}
    links = ("read.tx -> split.rx", "split.rest -> sink.rx")
    engine = Engine(virtual=True)
    engine.configure(Topology(apps, frozenset(map(parse_connection, links))))
    engine.advance(1_000_000)
    found = Talkers.from_core(engine.series("split"))
    engine.stop()
    to = "10.0.0.2"
    assert found.first == (Talker(to, 53, UDP, 3, 180), Talker(to, 80, UDP, 1, 60))
    assert (found.other_packets, found.other_bytes, found.known, found.is_exact) == (1, 5, 2, True)
