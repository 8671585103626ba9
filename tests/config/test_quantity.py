"""Quantities: numbers with a unit, which compare with text that has one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from usernet.config.quantity import Bitrate, ByteSize, Quantity, Share, Span
from usernet.errors import UnitError


@pytest.mark.parametrize(
    ("quantity", "less", "same", "more"),
    [
        (Bitrate(5e6), "4.9mbit", "5mbit", "0.1gbit"),
        (ByteSize(1 << 20), "1023kb", "1mb", "1gb"),
        (Span(0.25), "249ms", "250ms", "1s"),
        (Share(0.02), "1.9%", "2%", "100%"),
    ],
)
def test_they_compare_with_text(quantity: Quantity, less: str, same: str, more: str) -> None:
    assert quantity > less
    assert quantity >= less
    assert quantity >= same
    assert quantity <= same
    assert quantity == same
    assert quantity != less
    assert quantity < more
    assert quantity <= more
    assert not quantity < same
    assert not quantity > same


def test_they_are_numbers() -> None:
    rate = Bitrate(5e6)
    assert rate == 5e6
    assert rate / 2 == 2.5e6
    assert sum([rate, rate]) == 1e7
    assert {rate: 1}[5e6] == 1  # type: ignore[index]
    assert max(rate, Bitrate(4e6)) is rate
    assert not Bitrate()


def test_spans_compare_with_timedeltas() -> None:
    assert Span(90) == timedelta(minutes=1, seconds=30)
    assert Span(90) < timedelta(minutes=2)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Bitrate(4_731_234), "4.731mbit"),
        (Bitrate(999), "999bit"),
        (Bitrate(2.5e10), "25gbit"),
        (Bitrate(0.5), "0.5bit"),
        (Bitrate(), "0bit"),
        (ByteSize(1536), "1.5kb"),
        (Span(3e-5), "30us"),
        (Span(90), "90s"),
        (Share(0.0215), "2.15%"),
        (Share(0), "0%"),
        (Quantity(3), "3"),
    ],
)
def test_they_are_shown_with_their_unit(quantity: Quantity, text: str) -> None:
    assert str(quantity) == repr(quantity) == text


@pytest.mark.parametrize(
    ("quantity", "text", "message"),
    [
        (Bitrate(1), "5", "a rate needs a unit"),
        (Bitrate(1), "5ms", "a rate has no unit 'ms'"),
        (ByteSize(1), "5mbps", "a size has no unit"),
        (Span(1), "5%", "a duration has no unit"),
        (Share(1), "5", "a probability needs its unit"),
    ],
)
def test_text_of_another_kind_is_refused(quantity: Quantity, text: str, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        _ = quantity >= text
    with pytest.raises(UnitError, match=message):
        _ = quantity == text


def test_one_without_a_unit_compares_with_plain_numbers() -> None:
    assert Quantity(3) < "4"
    assert Quantity(3) == 3
