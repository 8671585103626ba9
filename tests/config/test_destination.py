from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.destination import to_subnets

if TYPE_CHECKING:
    from usernet.config.apps import Program

V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)


def packet(to: str) -> bytes:
    address = ip_address(to)
    before = b"\x45" + bytes(15) if address.version == 4 else b"\x60" + bytes(23)
    return before + address.packed


def takes(program: Program, packet: bytes) -> bool:
    """What the machine of BPF does with these few instructions."""
    at = value = 0
    while True:
        code, true, false, k = program[at]
        at += 1
        match code:
            case 0x30:
                value = packet[k]
            case 0x20:
                value = int.from_bytes(packet[k : k + 4])
            case 0x54:
                value &= k
            case 0x15:
                at += true if value == k else false
            case _:
                return bool(k)


@pytest.mark.parametrize(
    ("subnets", "inside", "outside"),
    [
        (["192.0.0.0/29"], ["192.0.0.1", "192.0.0.7"], ["192.0.0.8", "fd00::1"]),
        (["10.0.0.0/8", "172.16.0.1/32"], ["10.9.9.9", "172.16.0.1"], ["172.16.0.2", "11.0.0.0"]),
        (["0.0.0.0/0"], ["8.8.8.8"], ["::1"]),
        (["10.0.0.0/8", "fd00:1::/48"], ["10.1.1.1", "fd00:1::9"], ["fd00:2::9", "9.0.0.1"]),
        (["::/0"], ["fd00::1"], ["10.0.0.1"]),
        ([], [], ["10.0.0.1", "fd00::1"]),
    ],
)
def test_what_goes_there_is_taken(
    subnets: list[str], inside: list[str], outside: list[str]
) -> None:
    program = to_subnets([ip_network(subnet) for subnet in subnets])
    assert [to for to in (*inside, *outside) if takes(program, packet(to))] == inside


@given(st.lists(st.tuples(V4 | V6, st.integers(0, 32)), max_size=4), V4 | V6)
def test_it_takes_what_the_subnets_contain(given: list[tuple[str, int]], to: str) -> None:
    subnets = [ip_network(f"{address}/{length}", strict=False) for address, length in given]
    address = ip_address(to)
    expected = any(one.version == address.version and address in one for one in subnets)
    assert takes(to_subnets(subnets), packet(to)) == expected
