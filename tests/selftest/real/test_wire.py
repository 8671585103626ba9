"""The frames of the self-test."""

from __future__ import annotations

import struct

import pytest

from usernet.selftest.real.wire import frame


@pytest.mark.parametrize("size", [60, 200, 1514])
def test_a_frame_is_udp_over_ip_over_ethernet(size: int) -> None:
    made = bytes(frame(size))
    assert len(made) == size
    assert made[12:14] == b"\x08\x00"
    version, length, protocol = made[14], *struct.unpack_from("!H", made, 16), made[23]
    assert (version, length, protocol) == (0x45, size - 14, 17)
    assert struct.unpack_from("!H", made, 38) == (size - 34,)


def test_the_checksum_of_the_ip_header_holds() -> None:
    """RFC 1071: the sum of all words, the checksum among them, is all ones."""
    words = struct.unpack_from("!10H", frame(200), 14)
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
