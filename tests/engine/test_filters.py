"""Filters: what libpcap's compiler makes of an expression, and what it matches in the engine."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import PcapReader, Program, Sink, Split
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.engine.filters import compile_filter
from usernet.errors import FilterError

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


@pytest.mark.parametrize(
    ("expression", "position", "problem"),
    [
        ("udp and prot 3478", 8, '"prot" at letter 9: neither a word of pcap-filter(7) nor a host'),
        ("port", 4, "something is missing at the end: syntax error"),
        ("((udp)", 6, "something is missing at the end: syntax error"),
        ("udp)", 3, '")" at letter 4: syntax error'),
        ("tcp port 99999", 9, '"99999" at letter 10: illegal port number 99999 > 65535'),
        ("udp && port 5 || prt 6", 17, "\"prt\" at letter 18: unknown port 'prt'"),
        ("net 10.0.0.1/8", 4, '"10.0.0.1/8" at letter 5: non-network bits set in "10.0.0.1/8"'),
        ("remote  port  x", 14, "\"x\" at letter 15: unknown port 'x'"),
        ("udp and\nip host ::1", 16, "\"::1\" at letter 17: 'ip' modifier applied to ip6 host"),
        ("ether host zz", 11, "\"zz\" at letter 12: unknown ether host 'zz'"),
        ("tcp[13", 6, "something is missing at the end: syntax error"),
        ("udp " * 300, 1024, "too long"),
    ],
)
def test_a_wrong_expression_is_told_where(expression: str, position: int, problem: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(expression, direction="up", resolve=nowhere)
    error = caught.value
    assert (error.path, error.value, error.position) == ("filter", expression, position)
    assert error.problem.startswith(problem)


def nowhere(name: str) -> tuple[str, ...]:
    del name
    return ()


@pytest.mark.parametrize(
    ("expression", "up", "down"),
    [
        ("remote host 10.0.0.2", "dst host 10.0.0.2", "src host 10.0.0.2"),
        ("local port 80", "src port 80", "dst port 80"),
        ("udp remote port 53", "udp dst port 53", "udp src port 53"),
        ("local net 10.0.0.0/8 and not remote port 5", "src net 10.0.0.0/8 and not dst port 5",
         "dst net 10.0.0.0/8 and not src port 5"),
        ("remote or local 10.0.0.1", "dst or src 10.0.0.1", "src or dst 10.0.0.1"),
    ],
)  # fmt: skip
def test_remote_and_local_are_the_sides_of_the_line(expression: str, up: str, down: str) -> None:
    for ethernet in (True, False):
        ours = compile_filter(expression, ethernet=ethernet, direction="up")
        assert ours == compile_filter(up, ethernet=ethernet)
        ours = compile_filter(expression, ethernet=ethernet, direction="down")
        assert ours == compile_filter(down, ethernet=ethernet)


HOSTS = {"a.test": ("192.0.2.1", "2001:db8::1"), "b.test": ("192.0.2.2",), "remote": ("192.0.2.3",)}


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("host b.test", "host 192.0.2.2"),
        ("host a.test", "host (192.0.2.1 or 2001:db8::1)"),
        ("a.test", "host (192.0.2.1 or 2001:db8::1)"),
        ("udp and b.test", "udp and host 192.0.2.2"),
        ("udp && b.test", "udp and host 192.0.2.2"),
        ("ip host a.test", "ip host 192.0.2.1"),
        ("ip6 src host a.test", "ip6 src host 2001:db8::1"),
        ("dst host b.test or a.test", "dst host (192.0.2.2 or 192.0.2.1 or 2001:db8::1)"),
        ("host remote and remote host b.test", "host 192.0.2.3 and dst host 192.0.2.2"),
        ("b.test and tcp port http", "host 192.0.2.2 and tcp port 80"),
        ("not b.test and tcp[tcpflags] & tcp-syn != 0", "not host 192.0.2.2 and tcp[13] & 2 != 0"),
    ],
)
def test_names_of_hosts_are_all_their_addresses(expression: str, same: str) -> None:
    ours = compile_filter(expression, direction="up", resolve=lambda name: HOSTS.get(name, ()))
    assert ours == compile_filter(same)
