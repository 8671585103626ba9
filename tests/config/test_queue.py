"""Queue limits in time, bytes and packets."""

from __future__ import annotations

import pytest

from usernet.config.queue import QueueLimit
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100ms", QueueLimit(ns=100_000_000)),
        ("0.5s", QueueLimit(ns=500_000_000)),
        ("64kb", QueueLimit(bytes=65_536)),
        ("1m", QueueLimit(bytes=1_048_576)),
        ("1min", QueueLimit(ns=60_000_000_000)),
        ("1000packets", QueueLimit(packets=1000)),
        ("1000p", QueueLimit(packets=1000)),
        ("1packet", QueueLimit(packets=1)),
        ("1000p 100ms,64kb", QueueLimit(packets=1000, bytes=65_536, ns=100_000_000)),
    ],
)
def test_texts(text: str, expected: QueueLimit) -> None:
    assert QueueLimit.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is missing"),
        ("1000", "a size needs a unit"),
        ("0p", "none of 0"),
        ("0ms", "none of 0"),
        ("1s 2s", "each limit once"),
        ("5 apples", "needs a unit"),
        (5, "text is expected"),
    ],
)
def test_refusals(text: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        QueueLimit.parse(text)


def test_plain_form() -> None:
    assert QueueLimit(packets=5).to_core() == {"packets": 5, "bytes": None, "ns": None}
