"""Units: exact values, refusals that say what is allowed, and round trips."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config import units
from usernet.errors import UnitError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40ms", 40_000_000),
        ("0.5us", 500),
        ("1.5s", 1_500_000_000),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("1 S", 1_000_000_000),
        ("3msecs", 3_000_000),
        ("1e3ns", 1000),
        (".25ms", 250_000),
        ("0.5ns", 0),
        ("1.5ns", 2),
        pytest.param("0", 0, id="text 0"),
        pytest.param(0, 0, id="number 0"),
        (timedelta(days=1, microseconds=7), 86_400_000_007_000),
    ],
)
def test_durations(text: units.Duration, expected: int) -> None:
    assert units.nanoseconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20mbit", 20_000_000),
        ("1kbit", 1000),
        ("1kibit", 1024),
        ("1Mibit", 1024**2),
        ("1bps", 8),
        ("3kbps", 24_000),
        ("1kibps", 8192),
        ("2gbit", 2_000_000_000),
        ("1tbit", 10**12),
        ("56.6kbit", 56_600),
    ],
)
def test_rates(text: str, expected: int) -> None:
    assert units.bits_per_second(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64kb", 65_536),
        ("64k", 65_536),
        ("1mb", 1_048_576),
        ("1g", 1024**3),
        ("8kbit", 1024),
        ("1514b", 1514),
        ("1.5kb", 1536),
        ("4mib", 4 << 20),
        ("1kib", 1024),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert units.byte_count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1%", 0.01), ("0.3%", 0.003), ("100%", 1.0), ("0", 0.0), pytest.param(0, 0.0, id="number 0")],
)
def test_probabilities(text: units.Probability, expected: float) -> None:
    assert units.probability(text) == expected


def test_a_missing_unit_says_what_is_allowed() -> None:
    with pytest.raises(UnitError) as caught:
        units.nanoseconds("40", path="delay")
    assert str(caught.value) == (
        'delay = "40": a duration needs a unit: ns, us, ms, s, min or h, such as 40ms'
    )
    assert (caught.value.path, caught.value.value) == ("delay", "40")


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (units.nanoseconds, 40, "needs a unit"),
        (units.nanoseconds, 1.5, "text with a unit"),
        (units.nanoseconds, True, "text with a unit"),
        (units.nanoseconds, "40mbit", "has no unit 'mbit'"),
        (units.nanoseconds, "-1ms", "cannot be negative"),
        (units.nanoseconds, timedelta(seconds=-1), "cannot be negative"),
        (units.nanoseconds, "nan", "not a duration"),
        (units.nanoseconds, "infs", "not a duration"),
        (units.nanoseconds, "", "not a duration"),
        (units.nanoseconds, "٤ms", "not a duration"),
        (units.nanoseconds, "9" * 401 + "s", "not a duration"),
        (units.nanoseconds, "300h 1ms", "not a duration"),
        (units.nanoseconds, "1e999s", "overflows"),
        (units.nanoseconds, "9223372036854775808ns", "overflows"),
        (units.bits_per_second, "20", "a rate needs a unit"),
        (units.bits_per_second, "20ms", "a rate has no unit 'ms'"),
        (units.byte_count, "64", "a size needs a unit"),
        (units.probability, "1", "needs its unit"),
        (units.probability, "1ms", "has no such unit"),
        (units.probability, "100.1%", "0% to 100%"),
        (units.probability, "-1%", "0% to 100%"),
        (units.probability, 0.01, "text with a unit"),
    ],
)
def test_refusals(read: object, value: object, message: str) -> None:
    assert callable(read)
    with pytest.raises(UnitError, match=message):
        read(value)


def test_numbers() -> None:
    assert units.number("5", path="gap") == 5
    assert units.number(7, path="gap", least=1, most=9) == 7
    with pytest.raises(UnitError, match=r"gap = 0: .*: 1 to 9"):
        units.number(0, path="gap", least=1, most=9)
    for wrong in (True, "-1", "x", "1.5"):
        with pytest.raises(UnitError, match="0 or more"):
            units.number(wrong, path="gap")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (units.duration_text(0), "0s"),
        (units.duration_text(40_000_000), "40ms"),
        (units.duration_text(1_500_000_000), "1.5s"),
        (units.duration_text(10_800_000_000_000), "3h"),
        (units.duration_text(1), "1ns"),
        (units.duration_text(100_000_000), "100ms"),
        (units.rate_text(0), "0bit"),
        (units.rate_text(20_000_000), "20mbit"),
        (units.size_text(65_536), "64kb"),
        (units.size_text(0), "0b"),
        (units.probability_text(0.003), "0.3%"),
        (units.probability_text(1.0), "100%"),
        (units.probability_text(0.0), "0%"),
        (units.probability_text(1e-9), "1e-7%"),
    ],
)
def test_shortest_text(text: str, shown: str) -> None:
    assert text == shown


@given(st.integers(0, units.LARGEST))
def test_whole_quantities_round_trip(value: int) -> None:
    assert units.nanoseconds(units.duration_text(value)) == value
    assert units.bits_per_second(units.rate_text(value)) == value
    assert units.byte_count(units.size_text(value)) == value


@given(st.floats(0, 1))
def test_probabilities_round_trip(value: float) -> None:
    assert units.probability(units.probability_text(value)) == value
