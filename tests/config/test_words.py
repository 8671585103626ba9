"""Words: a cursor over a value, whose errors name the key and the word."""

from __future__ import annotations

import pytest

from usernet.config.words import Words
from usernet.errors import ConfigError, UnitError

GRAMMAR = "NUMBER of something"


def words(text: object) -> Words:
    return Words(text, "down.key", GRAMMAR)


@pytest.mark.parametrize("text", ["a b c", "a,b,c", " a, b ,\tc ", "a  b\nc,"])
def test_words_are_parted_by_blanks_and_commas(text: str) -> None:
    cursor = words(text)
    assert [cursor.take("a word") for _ in range(3)] == ["a", "b", "c"]
    assert not cursor.left
    cursor.end()


def test_what_is_upcoming_is_not_taken() -> None:
    cursor = words("Target 5ms")
    assert cursor.upcoming() == "target"
    assert cursor.take("a name") == "Target"
    assert cursor.upcoming() == "5ms"
    cursor.take("a time")
    assert cursor.upcoming() == ""


def test_a_keyword_is_taken_if_it_is_one() -> None:
    cursor = words("ECN on")
    assert not cursor.accept("red", "pie")
    assert cursor.accept("ecn", "noecn")
    assert cursor.upcoming() == "on"


def test_each_kind_of_value() -> None:
    cursor = words("5% 40ms 20mbit 64kb 7")
    found = (
        cursor.probability("loss"),
        cursor.duration("delay"),
        cursor.rate("rate"),
        cursor.size("size"),
        cursor.number("count"),
    )
    assert found == (0.05, 40_000_000, 20_000_000, 65_536, 7)


def test_a_default_stands_in_for_a_word_that_is_missing_only() -> None:
    assert words("").probability("loss", 0.5) == 0.5
    assert words("1ms").duration("delay", 7) == 1_000_000
    with pytest.raises(UnitError):
        words("fast").duration("delay", 7)


def test_a_wrong_word_is_named_by_its_key() -> None:
    with pytest.raises(UnitError) as caught:
        words("40").duration("round trip")
    assert (caught.value.path, caught.value.value) == ("down.key.round_trip", "40")


def test_a_missing_word_is_named() -> None:
    with pytest.raises(ConfigError, match=r'^down\.key = "": the delay is missing$'):
        words("").duration("the delay")


def test_a_number_has_a_least() -> None:
    assert words("1").number("gap", least=1) == 1
    with pytest.raises(ConfigError, match=r"down\.key\.gap"):
        words("0").number("gap", least=1)


def test_one_word_too_many() -> None:
    cursor = words("1 2")
    cursor.take("a number")
    with pytest.raises(ConfigError, match=r"down\.key = \"1 2\": '2' is one word too many"):
        cursor.end()


@pytest.mark.parametrize("value", [7, None, ["1ms"], True])
def test_only_text_has_words(value: object) -> None:
    with pytest.raises(ConfigError, match="text is expected") as caught:
        words(value)
    assert (caught.value.path, caught.value.allowed) == ("down.key", GRAMMAR)


class TestPairs:
    @staticmethod
    def read(text: str) -> dict[str, object]:
        return words(text).pairs({"least": lambda word, _: int(word), "name": lambda w, p: (w, p)})

    def test_names_and_values_to_the_end(self) -> None:
        assert self.read("LEAST 5 name x") == {"least": 5, "name": ("x", "down.key.name")}
        assert self.read("") == {}

    def test_a_name_that_is_unknown(self) -> None:
        with pytest.raises(ConfigError, match="unknown parameter"):
            self.read("lest 5")

    def test_a_name_that_comes_twice(self) -> None:
        with pytest.raises(ConfigError, match="least is given twice"):
            self.read("least 5 least 6")

    def test_a_name_without_its_value(self) -> None:
        with pytest.raises(ConfigError, match="the value of least is missing"):
            self.read("least")
