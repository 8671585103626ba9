"""Repeated outages."""

from __future__ import annotations

import pytest

from usernet.config.outage import PeriodicOutage
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("140ms every 15s", PeriodicOutage(140_000_000, 15_000_000_000)),
        ("140ms every 15s offset 1s", PeriodicOutage(140_000_000, 15_000_000_000, 1_000_000_000)),
        ("random 2s every 60s", PeriodicOutage(2_000_000_000, 60_000_000_000, random=True)),
    ],
)
def test_texts(text: str, expected: PeriodicOutage) -> None:
    assert PeriodicOutage.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("140ms", "needs a period"),
        ("2s every 2s", "not between 0 and the period"),
        ("0 every 2s", "not between 0 and the period"),
        ("random 2s every 60s offset 1s", "one word too many"),
        ("1s every 2s offset", "offset is missing"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PeriodicOutage.parse(text)


def test_plain_form() -> None:
    assert PeriodicOutage(1, 2, 3).to_core() == {
        "down_ns": 1,
        "period_ns": 2,
        "offset_ns": 3,
        "random": False,
    }
