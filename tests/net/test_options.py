"""Options of sockets: what programs say, and what the core is told."""

from __future__ import annotations

import socket
import struct

import pytest

from usernet.net.options import Options

TCP = socket.IPPROTO_TCP
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("level", "name", "value", "field", "core"),
    [
        (TCP, socket.TCP_NODELAY, 1, "nodelay", True),
        (TCP, socket.TCP_NODELAY, struct.pack("i", 0), "nodelay", False),
        (TCP, socket.TCP_CONGESTION, b"bbr", "congestion", "bbr"),
        (TCP, socket.TCP_KEEPINTVL, 5, "keepalive_interval", 5 * SECOND),
        (TCP, socket.TCP_KEEPCNT, 3, "keepalive_count", 3),
        (TCP, socket.TCP_USER_TIMEOUT, 1500, "user_timeout", 1_500_000_000),
        (TCP, socket.TCP_USER_TIMEOUT, 0, "user_timeout", None),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, 65536, "send_buffer", 65536),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 65536, "receive_buffer", 65536),
        (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1, "reuse", True),
        (socket.IPPROTO_IP, socket.IP_TTL, 3, "hop_limit", 3),
        (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 3, "hop_limit", 3),
    ],
)
def test_what_the_core_is_told(
    level: int, name: int, value: int | bytes, field: str, core: object
) -> None:
    options = Options()
    assert options.set(level, name, value)
    assert options.core == {field: core}


def test_what_was_set_can_be_read() -> None:
    options = Options()
    options.set(TCP, socket.TCP_KEEPINTVL, 5)
    options.set(TCP, socket.TCP_CONGESTION, b"reno\0\0")
    options.set(TCP, socket.TCP_QUICKACK, 1)
    assert options.get(TCP, socket.TCP_KEEPINTVL, options.core) == 5
    shown = options.get(TCP, socket.TCP_CONGESTION, options.core)
    assert shown == b"reno".ljust(16, b"\0")
    assert options.get(TCP, socket.TCP_QUICKACK, options.core) == 1
    assert options.get(TCP, socket.TCP_NODELAY, {"nodelay": True}) == 1


def test_keepalive_is_on_or_off_and_idle_is_kept() -> None:
    options = Options()
    assert not options.set(TCP, socket.TCP_KEEPIDLE, 30)
    assert options.core == {}
    assert options.set(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    assert options.core == {"keepalive_idle": 30 * SECOND}
    assert options.set(TCP, socket.TCP_KEEPIDLE, 60)
    assert options.core == {"keepalive_idle": 60 * SECOND}
    assert options.get(socket.SOL_SOCKET, socket.SO_KEEPALIVE, options.core) == 1
    assert options.get(TCP, socket.TCP_KEEPIDLE, options.core) == 60
    options.set(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
    assert options.core == {"keepalive_idle": None}


def test_options_that_change_nothing_are_no_news_to_the_core() -> None:
    options = Options()
    assert not options.set(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    assert not options.set(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    assert options.core == {}
    assert options.v6only


def test_linger_without_time_means_reset() -> None:
    options = Options()
    options.set(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
    assert not options.aborts
    options.set(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert options.aborts


def test_unknown_options_are_refused_as_by_a_kernel() -> None:
    with pytest.raises(OSError, match="Protocol not available"):
        Options().set(socket.SOL_SOCKET, 12345, 1)
    with pytest.raises(OSError, match="Protocol not available"):
        Options().get(socket.SOL_SOCKET, 12345, {})
    with pytest.raises(OSError, match="no such congestion control: 'vegas'"):
        Options().set(TCP, socket.TCP_CONGESTION, b"vegas")
