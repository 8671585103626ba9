"""Items of a command line."""

from __future__ import annotations

import pytest

from usernet.config.items import item_text, parse_items
from usernet.errors import ConfigError


def test_items() -> None:
    assert parse_items('loss="1% 25%" rate=1mbit ecn') == {
        "loss": "1% 25%",
        "rate": "1mbit",
        "ecn": "true",
    }
    assert parse_items("") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('loss="1%', "broken quotes"),
        ("loss", "not an item"),
        ("loss=", "not an item"),
        ("=1%", "not an item"),
        ("loss=1% loss=2%", "given twice"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_items(text)


def test_texts() -> None:
    assert item_text("loss", "1% 25%") == "loss=1%,25%"
    assert item_text("ecn", "true") == "ecn"
    assert item_text("allow_reordering", "false") == "allow_reordering=false"
    assert item_text("trace", "my trace") == "trace='my trace'"
