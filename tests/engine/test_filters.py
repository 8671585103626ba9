"""Filters: what libpcap's compiler makes of an expression, and what it matches in the engine."""

from __future__ import annotations

import ctypes.util
import struct
from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import PcapReader, Program, Sink, Split
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.filters import compile_filter
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

ACCEPT_ALL: Program = ((0x06, 0, 0, 262_144),)
UDP, TCP = 17, 6


def ipv4(protocol: int, source_port: int, destination_port: int) -> bytes:
    """An IPv4 packet of two ports and no payload (RFC 791, 3.1)."""
    addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
    header = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, protocol, 0) + addresses
    return header + struct.pack(">HHHH", source_port, destination_port, 8, 0)


def frame(packet: bytes) -> bytes:
    """An Ethernet frame."""
    return bytes.fromhex("020000000001020000000002") + struct.pack(">H", 0x0800) + packet


def capture(path: Path, frames: list[bytes]) -> Path:
    """A pcap file (draft-ietf-opsawg-pcap) with these frames, all at time zero."""
    records = b"".join(struct.pack("<IIII", 0, 0, len(one), len(one)) + one for one in frames)
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    return path


def split(path: Path, program: Program) -> tuple[object, object]:
    """How many packets of a capture match, and how many do not."""
    topology = (
        Topology()
        .with_app("reader", PcapReader(path))
        .with_app("split", Split((program,)))
        .with_app("matched", Sink())
        .with_app("others", Sink())
        .with_link(parse_connection("reader.tx -> split.rx"))
        .with_link(parse_connection("split.0 -> matched.rx"))
        .with_link(parse_connection("split.rest -> others.rx"))
    )
    engine = Engine(virtual=True)
    engine.configure(topology)
    engine.advance(1_000_000)
    apps = engine.statistics().apps
    engine.stop()
    return apps["matched"]["packets"], apps["others"]["packets"]


def test_the_empty_filter_accepts_everything() -> None:
    assert compile_filter("") == ACCEPT_ALL
    assert compile_filter("", ethernet=False) == ACCEPT_ALL


def test_a_program_is_plain_numbers_within_the_fields_of_an_instruction() -> None:
    program = compile_filter("udp and port 3478")
    limits = (0xFFFF, 0xFF, 0xFF, 0xFFFFFFFF)
    assert len(program) > 1
    assert all(
        0 <= part <= limit for one in program for part, limit in zip(one, limits, strict=True)
    )
    assert 3478 in {k for _, _, _, k in program}


def test_the_link_type_moves_where_the_program_looks() -> None:
    # "ip" looks at the EtherType at offset 12 of a frame, at the version at offset 0 of a packet.
    load_half, load_byte = 0x28, 0x30
    assert compile_filter("ip")[0] == (load_half, 0, 0, 12)
    assert compile_filter("ip", ethernet=False)[0] == (load_byte, 0, 0, 0)


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("udp and port 3478", 2),
        ("udp", 3),
        ("tcp", 1),
        ("udp dst port 3478", 1),
        ("not udp", 1),
        ("ip6", 0),
        ("", 4),
    ],
)
def test_what_a_filter_matches_in_the_engine(expression: str, matched: int, tmp_path: Path) -> None:
    packets = [
        ipv4(UDP, 40000, 3478),
        ipv4(UDP, 3478, 40000),
        ipv4(UDP, 40000, 53),
        ipv4(TCP, 40000, 3478),
    ]
    path = capture(tmp_path / "four.pcap", [frame(packet) for packet in packets])
    assert split(path, compile_filter(expression)) == (matched, 4 - matched)


@pytest.mark.parametrize("expression", ["udp and prot 3478", "port", "((udp)"])
def test_a_wrong_expression_is_named(expression: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_filter(expression)
    error = caught.value
    assert (error.path, error.value, error.allowed) == ("filter", expression, "pcap-filter(7)")
    assert str(error).startswith(f'filter = "{expression}": ')
    assert "syntax error" in error.problem


def test_a_system_without_libpcap_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from usernet.engine import filters  # noqa: PLC0415 - its cache is emptied around this test

    def missing(name: str) -> None:
        assert name == "pcap"

    filters._libpcap.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", missing)
    with pytest.raises(ConfigError, match="apt-get install libpcap"):
        compile_filter("udp")
    filters._libpcap.cache_clear()
