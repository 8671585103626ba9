from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.engine.statistics import Statistics
from usernet.errors import ConfigError
from usernet.net.recorder import Recorder


def at(time_ns: int) -> Statistics:
    return Statistics(time_ns, 0, 0, 0, 0, 0, *[MappingProxyType({})] * 3)


def recorded(times: list[int], *, period_ns: int = 10, limit: int = 8) -> tuple[list[int], int]:
    recorder = Recorder(period_ns, limit)
    for time in times:
        recorder.add(at(time))
    recording = recorder.recording()
    return [sample.time_ns for sample in recording.samples], recording.period_ns


def test_it_keeps_one_sample_a_period() -> None:
    assert recorded([0, 4, 9, 10, 15, 20]) == ([0, 10, 20], 10)


def test_the_last_one_is_always_there() -> None:
    assert recorded([0, 4, 9]) == ([0, 9], 10)


def test_it_halves_its_resolution_when_it_is_full() -> None:
    assert recorded(list(range(0, 80, 10))) == ([0, 20, 40, 60, 70], 20)


def test_it_goes_on_at_the_new_period() -> None:
    assert recorded(list(range(0, 110, 10))) == ([0, 20, 40, 60, 80, 100], 20)


def test_nothing_added_is_nothing_recorded() -> None:
    assert recorded([]) == ([], 10)


@given(st.lists(st.integers(0, 100_000), unique=True).map(sorted), st.integers(4, 20))
def test_it_is_bounded_and_spaced(times: list[int], limit: int) -> None:
    kept, period = recorded(times, limit=limit)
    assert len(kept) <= limit
    assert kept == sorted(set(kept))
    assert kept[:1] + kept[-1:] == (times[:1] + times[-1:] if times else [])
    assert all(after - before >= period for before, after in pairwise(kept[:-1]))


@pytest.mark.parametrize(("period_ns", "limit"), [(0, 8), (-1, 8), (1, 3)])
def test_impossible_recorders_are_refused(period_ns: int, limit: int) -> None:
    with pytest.raises(ConfigError, match="period_ns" if limit == 8 else "limit"):
        Recorder(period_ns, limit)
