"""Meters: what passed, added up, and how much of it when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.net.meters import Counts, Series, Volume

RAW = {
    "packets": 5,
    "bytes": 900,
    "fresh": 700,
    "repeated": 20,
    "repeated_segments": 2,
    "first_ns": 8,
    "last_ns": 99,
}


def test_counts_as_the_core_writes_them() -> None:
    series = {"period_ns": 4, "fresh": [[2, 300], [24, 400]]}
    counts = Counts.from_core(RAW, series)
    assert counts == Counts(5, 900, 700, 20, 2, 8, 99, Series(4, ((8, 300), (96, 400))))
    assert Counts.from_core(RAW, None).series == Series()


def test_a_total() -> None:
    other = Counts(1, 10, 5, 0, 0, 3, 4, Series(8, ((0, 5),)))
    counts = Counts.from_core(RAW, {"period_ns": 4, "fresh": [[1, 300], [24, 400]]})
    assert Counts.total([counts, other, Counts()]) == Counts(
        6, 910, 705, 20, 2, 3, 99, Series(8, ((0, 305), (96, 400)))
    )
    assert Counts.total([]) == Counts()


class TestVolume:
    VOLUME = Volume(Series(10, ((0, 100), (10, 50), (40, 200))))

    @pytest.mark.parametrize(
        ("at", "bytes_"),
        [
            (0, 0),
            (5, 50),
            (10, 100),
            (12, 110),
            (20, 150),
            (40, 150),
            (45, 250),
            (50, 350),
            (99, 350),
        ],
    )
    def test_bytes_up_to_a_moment(self, at: int, bytes_: float) -> None:
        assert self.VOLUME.until(at) == bytes_

    def test_a_rate_is_in_bits_per_second(self) -> None:
        assert self.VOLUME.rate(0, 20) == 150 * 8 / 20e-9
        assert self.VOLUME.rate(20, 40) == 0

    def test_nothing_has_no_volume(self) -> None:
        assert Volume(Series()).rate(0, 100) == 0


_SERIES = st.builds(
    lambda exponent, numbers: Series(
        1 << exponent, tuple((number << exponent, 7) for number in sorted(numbers))
    ),
    st.integers(0, 4),
    st.sets(st.integers(0, 50)),
)


@given(st.lists(_SERIES, max_size=4))
def test_no_byte_is_lost_by_merging(several: list[Series]) -> None:
    merged = Series.merged(several)
    assert sum(count for _, count in merged.stretches) == sum(7 * len(s.stretches) for s in several)
    assert all(start % merged.period_ns == 0 for start, _ in merged.stretches)
    assert Volume(merged).until(1 << 12) == sum(7 * len(one.stretches) for one in several)
