"""mahimahi traces: reading, refusing, measuring and making them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.errors import TraceError
from usernet.trace import mahimahi

if TYPE_CHECKING:
    from pathlib import Path


def test_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.trace"
    file.write_text("0\n1\r\n1\n 7\n\n")
    assert mahimahi.read(file) == (0, 1, 1, 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t: a trace lasts longer than 0 ms"),
        ("\n \n", "t: a trace lasts longer than 0 ms"),
        ("0\n0\n", "t:2: a trace lasts longer than 0 ms"),
        ("1\nx\n", "t:2: 'x' is not a whole number of milliseconds"),
        ("1\n-2\n", "t:2: '-2' is not a whole number"),
        ("1.5\n", "t:1: '1.5' is not a whole number"),
        ("1\n\n2\n", "t:2: '' is not a whole number"),
        ("5\n4\n", "t:2: 4 ms after 5 ms"),
        ("9" * 17, "t:1: '99999999999999999' is not"),
        ("\u0664", "is not a whole number"),
    ],
)
def test_refusals(content: str, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        mahimahi.parse(content, file="t")
    assert message in str(caught.value)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.trace"
    file.write_bytes(b"1\n\xff\n")
    with pytest.raises(TraceError, match=r"a.trace:2: "):
        mahimahi.read(file)
    file.write_bytes(b"1" * (mahimahi.LARGEST_FILE + 1))
    with pytest.raises(TraceError, match="up to 16 MiB"):
        mahimahi.read(file)
    monkeypatch.setattr(mahimahi, "MOST_LINES", 2)
    with pytest.raises(TraceError, match="up to 2 lines"):
        mahimahi.parse("1\n2\n3\n")


def test_mean_rate() -> None:
    assert mahimahi.mean_rate((1,)) == 12_000_000
    assert mahimahi.mean_rate((500, 1000)) == 24_000


@given(st.lists(st.integers(0, 10**9), min_size=1).map(sorted).filter(lambda times: times[-1] > 0))
def test_text_round_trips(times: list[int]) -> None:
    assert mahimahi.parse(mahimahi.text(times)) == tuple(times)


@given(st.text(alphabet="0123456789\n .-x"))
def test_any_text_is_read_or_refused(content: str) -> None:
    try:
        times = mahimahi.parse(content)
    except TraceError:
        return
    assert list(times) == sorted(times)
    assert times[-1] > 0


def test_generated_traces_have_their_rate_and_repeat_with_the_seed() -> None:
    rates = mahimahi.wander(5e6, 60, spread=0.5, memory=0.9, seed=1)
    assert sum(rates) / 60 == pytest.approx(5e6)
    times = mahimahi.generate(rates, seed=2)
    # A Poisson count of 25,000 has a standard deviation of 0.6 %.
    assert mahimahi.mean_rate(times) == pytest.approx(5e6, rel=0.025)
    assert times == mahimahi.generate(rates, seed=2)
    assert times != mahimahi.generate(rates, seed=3)
    assert mahimahi.parse(mahimahi.text(times)) == times


def test_a_second_without_rate_has_no_opportunity() -> None:
    times = mahimahi.generate([1e6, 0.0, 1e6], seed=1)
    assert not [time for time in times if 1000 <= time < 2000]
    with pytest.raises(TraceError, match="no opportunity"):
        mahimahi.generate([0.0], seed=1)
