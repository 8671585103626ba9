"""Slots."""

from __future__ import annotations

import pytest

from usernet.config.slot import Slot
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20ms", Slot(20_000_000, 20_000_000)),
        ("20ms 30ms", Slot(20_000_000, 30_000_000)),
        ("20ms packets 5", Slot(20_000_000, 20_000_000, packets=5)),
        ("1ms 2ms bytes 3b packets 5", Slot(1_000_000, 2_000_000, packets=5, bytes=3)),
        (
            "distribution pareto 20ms 5ms bytes 64kb",
            Slot(distribution="pareto", delay_ns=20_000_000, jitter_ns=5_000_000, bytes=65_536),
        ),
    ],
)
def test_texts(text: str, expected: Slot) -> None:
    assert Slot.parse(text) == expected
    assert Slot.parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "min is missing"),
        ("30ms 20ms", "max is below min"),
        ("0", "both are 0"),
        ("distribution parto 1ms 1ms", "did you mean pareto"),
        ("1ms 2ms 3ms", "unknown parameter '3ms'"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Slot.parse(text)


def test_plain_form() -> None:
    assert Slot(1, 2, packets=3).to_core() == {
        "min_ns": 1,
        "max_ns": 2,
        "distribution": None,
        "delay_ns": 0,
        "jitter_ns": 0,
        "packets": 3,
        "bytes": 0,
    }
