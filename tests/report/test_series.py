from hypothesis import given
from hypothesis import strategies as st

from usernet.report.series import (
    Series,
    causes,
    configured_rate,
    delay_ms,
    gauge,
    per_second,
)
from usernet.report.timeline import Change, Configured

from .recordings import SECOND, counted, recorded

UP = "up"


def test_a_rate_is_what_came_between_two_samples() -> None:
    recording = recorded({UP: counted(10)}, {UP: counted(30)}, {UP: counted(35)})
    found = per_second(recording, UP, lambda one: one.bytes_in, times=8)
    assert found == Series((0, 1, 2), (160_000, 160_000, 40_000))


def test_a_counter_that_falls_started_anew() -> None:
    recording = recorded({UP: counted(10)}, {UP: counted(4)}, period_ns=SECOND // 2)
    assert per_second(recording, UP, lambda one: one.packets_in) == Series((0, 0.5), (8, 8))


def test_one_sample_is_no_rate() -> None:
    assert per_second(recorded({UP: counted(9)}), UP, lambda one: one.packets_in) == Series((), ())


def test_an_impairment_need_not_be_in_all_samples() -> None:
    recording = recorded({}, {UP: counted(queue_packets=3)}, {})
    assert gauge(recording, UP, lambda one: one.queue_packets) == Series((1,), (3,))


def test_delay_is_the_wait_and_what_is_configured_then() -> None:
    waiting = {UP: counted(queue_ns=1_500_000)}
    changes = [
        Change(0, "start", {UP: Configured(delay_ns=40_000_000)}),
        Change(SECOND, "of another", {"down": Configured(delay_ns=7)}),
        Change(2 * SECOND, "", {UP: Configured(delay_ns=60_000_000)}),
    ]
    recording = recorded(waiting, waiting, waiting)
    assert delay_ms(recording, UP, changes) == Series((0, 1, 2), (41.5, 41.5, 61.5))
    assert delay_ms(recording, UP, []).values == (1.5, 1.5, 1.5)


def test_the_configured_rate_stands_until_the_next() -> None:
    changes = [
        Change(0, "", {UP: Configured(8e6)}),
        Change(3 * SECOND, "", {UP: Configured()}),
        Change(99 * SECOND, "after the end", {UP: Configured(1e6)}),
    ]
    assert configured_rate(changes, UP, 5 * SECOND) == Series((0, 3, 5), (8e6, None, None))


def test_no_rate_ever_is_no_line() -> None:
    assert configured_rate([Change(0, "", {UP: Configured()})], UP, SECOND) == Series((), ())


def test_causes_are_those_that_dropped_something() -> None:
    first, second = counted(dropped={"queue": 0, "mtu": 0}), counted(dropped={"queue": 2, "aqm": 1})
    assert causes(recorded({UP: first}, {UP: second}), UP) == ("aqm", "queue")


@given(st.lists(st.integers(0, 10**9) | st.none()), st.integers(2, 50))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float | None], most: int) -> None:
    series = Series(tuple(float(at) for at in range(len(values))), tuple(values))
    thinned = series.thinned(most)
    assert len(thinned.values) == len(thinned.seconds) <= max(most, 2)
    assert thinned.highest == series.highest
    assert sorted(set(thinned.seconds)) == list(thinned.seconds)
    assert all(
        values[int(at)] == one for at, one in zip(thinned.seconds, thinned.values, strict=True)
    )


def test_thinning_keeps_each_stretch_s_lowest_and_highest() -> None:
    series = Series((0, 1, 2, 3, 4, 5, 6, 7), (5, 9, 1, 5, 2, 2, 8, 0))
    assert series.thinned(4) == Series((1, 2, 6, 7), (9, 1, 8, 0))
    assert series.thinned(8) is series
