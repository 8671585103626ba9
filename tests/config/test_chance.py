"""Chances: a probability and its correlation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.chance import Chance
from usernet.errors import ConfigError, UnitError

PERCENT = st.integers(1, 100).map(lambda percent: percent / 100)


@pytest.mark.parametrize(
    ("text", "chance"),
    [
        ("1%", Chance(0.01)),
        ("1% 25%", Chance(0.01, 0.25)),
        ("1%,25%", Chance(0.01, 0.25)),
        ("100% 0", Chance(1.0)),
    ],
)
def test_its_text(text: str, chance: Chance) -> None:
    assert Chance.parse(text, "up.corrupt") == chance


@pytest.mark.parametrize("never", ["0", "0%", "0% 25%", 0], ids=repr)
def test_what_never_happens_is_none(never: object) -> None:
    assert Chance.parse(never, "up.corrupt") is None


@given(PERCENT, PERCENT)
def test_the_text_is_read_back(p: float, correlation: float) -> None:
    chance = Chance(p, correlation)
    assert Chance.parse(str(chance), "up.corrupt") == chance


def test_no_correlation_is_not_written() -> None:
    assert str(Chance(0.01)) == "1%"


def test_the_plain_form() -> None:
    assert Chance(0.01, 0.25).to_core() == {"p": 0.01, "correlation": 0.25}


@pytest.mark.parametrize("text", ["101%", "-1%", "1", "often", "1% 101%"])
def test_what_is_no_probability(text: str) -> None:
    with pytest.raises(UnitError, match=r"^up\.corrupt\."):
        Chance.parse(text, "up.corrupt")


@pytest.mark.parametrize("text", ["", "1% 2% 3%", 0.5, None])
def test_what_is_no_chance(text: object) -> None:
    with pytest.raises(ConfigError, match=r"^up\.corrupt"):
        Chance.parse(text, "up.corrupt")
