"""Options of sockets: units, defaults, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from usernet.config.socket_options import SocketOptions
from usernet.errors import ConfigError


def test_values_are_read_with_their_units() -> None:
    options = SocketOptions(
        congestion="bbr",
        nodelay=True,
        send_buffer="8mib",
        receive_buffer="64kb",
        keepalive_idle=timedelta(seconds=30),
        keepalive_count=3,
        user_timeout="2min",
        delayed_ack=0,
    )
    assert options.congestion == "bbr"
    assert options.nodelay
    assert (options.send_buffer, options.receive_buffer) == (8 << 20, 64 << 10)
    assert (options.keepalive_idle, options.keepalive_count) == (30_000_000_000, 3)
    assert (options.user_timeout, options.delayed_ack) == (120_000_000_000, 0)


def test_the_core_reads_every_option() -> None:
    assert SocketOptions().to_core() == {
        "congestion": "cubic",
        "nodelay": False,
        "ecn": False,
        "pacing": True,
        "send_buffer": 4 << 20,
        "receive_buffer": 6 << 20,
        "keepalive_idle": None,
        "keepalive_interval": 75_000_000_000,
        "keepalive_count": 9,
        "user_timeout": None,
        "delayed_ack": 40_000_000,
        "hop_limit": 64,
        "reuse": False,
    }


def test_they_are_equal_if_they_mean_the_same() -> None:
    one, other = SocketOptions(send_buffer="1mb"), SocketOptions(send_buffer="1024kb")
    assert one == other
    assert hash(one) == hash(other)
    assert one != SocketOptions()


def test_a_copy_differs_in_what_is_named() -> None:
    options = SocketOptions(congestion="reno", keepalive_idle="5s")
    changed = options.replace(keepalive_idle=None, ecn=True)
    assert changed == SocketOptions(congestion="reno", ecn=True)
    assert options.keepalive_idle == 5_000_000_000


def test_a_mapping_is_read_and_named_in_errors() -> None:
    assert SocketOptions.of({"user_timeout": "none"}) == SocketOptions()
    with pytest.raises(ConfigError, match=r"^server\.options\.ecn = 1: not a flag: True or False$"):
        SocketOptions.of({"ecn": 1}, "server.options")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"congestion": "cubik"}, "unknown congestion control 'cubik': did you mean cubic?"),
        ({"sendbuffer": "1mb"}, "unknown option 'sendbuffer': did you mean send_buffer?"),
        ({"send_buffer": 0}, 'send_buffer = "0": no size for a buffer: 1b to 1gb (RFC 7323, 2.3)'),
        ({"receive_buffer": "2gb"}, "no size for a buffer"),
        ({"receive_buffer": 4096}, "a size needs a unit"),
        ({"keepalive_interval": 0}, 'keepalive_interval = "0": a time of 0: more'),
        ({"keepalive_idle": "0s"}, "a time of 0"),
        ({"keepalive_count": 0}, "not a whole number in range"),
        ({"user_timeout": "5"}, "a duration needs a unit"),
        ({"delayed_ack": "501ms"}, "too long: up to 500ms (RFC 9293, 3.8.6.3)"),
        ({"hop_limit": 256}, "not a whole number in range: 1 to 255"),
        ({"nodelay": "yes"}, "not a flag"),
    ],
)
def test_refusals(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SocketOptions.of(keys, "")
    assert message in str(caught.value)
