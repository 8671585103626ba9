import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.report import amount


@pytest.mark.parametrize(
    ("bits_per_second", "text"),
    [
        (0, "0 bit/s"),
        (1, "1 bit/s"),
        (999, "999 bit/s"),
        (1000, "1 kbit/s"),
        (1536, "1.54 kbit/s"),
        (12_345_678, "12.3 Mbit/s"),
        (999_999, "1 Mbit/s"),
        (9_999_999, "10 Mbit/s"),
        (100_000_000_000, "100 Gbit/s"),
        (0.004, "0.004 bit/s"),
    ],
)
def test_rates(bits_per_second: float, text: str) -> None:
    assert amount.rate(bits_per_second) == text


def test_sizes() -> None:
    assert amount.size(1_250_000) == "1.25 MB"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (17, "17 ns"),
        (21_000, "21 µs"),
        (812_345, "812 µs"),
        (1_500_000, "1.5 ms"),
        (3_100_000_000, "3.1 s"),
        (86_400_000_000_000, "86400 s"),
    ],
)
def test_durations(ns: float, text: str) -> None:
    assert amount.duration(ns) == text


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0 s"), (40 * 10**9, "40 s"), (12_500_000_000, "12.5 s"), (1, "0 s")]
)
def test_moments(ns: int, text: str) -> None:
    assert amount.moment(ns) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 80, "1.25 %"), (0, 0, "0 %"), (3, 3, "100 %"), (1, 10**6, "1e-04 %")],
)
def test_shares(part: float, whole: float, text: str) -> None:
    assert amount.share(part, whole).replace("0.0001", "1e-04") == text


@given(st.integers(0))
def test_a_count_has_all_its_digits(number: int) -> None:
    assert int(amount.count(number).replace("\u202f", "")) == number
