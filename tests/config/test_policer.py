"""Policers."""

from __future__ import annotations

import pytest

from usernet.config.policer import Policer
from usernet.errors import ConfigError


def test_text_and_plain_form() -> None:
    policer = Policer.parse("10mbit burst 64kb")
    assert policer.to_core() == {"bits_per_second": 10_000_000, "burst": 65_536}
    assert str(policer) == "10mbit burst 64kb"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10mbit", "needs a burst"),
        ("10mbit burst", "burst is missing"),
        ("0bit burst 1b", "lets nothing pass"),
        ("1bit burst 0b", "lets nothing pass"),
        ("1bit burst 1b more", "one word too many"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Policer.parse(text)
