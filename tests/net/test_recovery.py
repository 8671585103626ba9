"""Recovery: whether goodput comes back, and what is said if it does not."""

from __future__ import annotations

import pytest

from usernet.config.quantity import Bitrate
from usernet.net.meters import Counts, Series
from usernet.net.recovery import Moment, Recovery, recovery

MS = 1_000_000
RATE = 125 * MS  # 125 bytes each millisecond: 1 Mbit/s


def received(*phases: tuple[int, int, float]) -> Counts:
    """What arrived: from which to which millisecond, at how many Mbit/s."""
    stretches = [
        (at * MS, int(125 * mbit))
        for start, end, mbit in phases
        for at in range(start, end)
        if mbit
    ]
    first, last = (stretches[0][0], stretches[-1][0]) if stretches else (None, None)
    return Counts(first_ns=first, last_ns=last, series=Series(MS, tuple(stretches)))


def changes(*moments: tuple[int, bool]) -> list[Moment]:
    return [Moment(at * MS, cut, "") for at, cut in moments]


def judged(
    counts: Counts, moments: list[Moment], *, now: int = 20_000, within: int = 5000
) -> Recovery:
    return recovery(counts, moments, now * MS, within_ns=within * MS, window_ns=500 * MS, share=0.9)


CUT = changes((4000, True), (6000, False))


def test_it_comes_back() -> None:
    found = judged(received((0, 4000, 4), (7500, 20_000, 4)), CUT)
    assert found
    assert found.recovered
    assert found.before == "4mbit"
    # From 90 % of a window on, which begins 50 ms before.
    assert found.took == "1.45s"
    assert str(found) == "3.6mbit of 4mbit, 1.45s after 6.000 s"


def test_it_was_never_away() -> None:
    found = judged(received((0, 20_000, 4)), changes((6000, False)))
    assert found.took == 0
    assert found.after == found.before == "4mbit"


@pytest.mark.parametrize(
    ("counts", "moments", "now", "reason"),
    [
        (
            received((0, 4000, 4), (6000, 20_000, 2)),
            CUT,
            20_000,
            "not within 5s after 6.000 s: at most 2mbit of 4mbit before",
        ),
        (
            received((0, 4000, 4), (12_000, 20_000, 4)),
            CUT,
            20_000,
            "not within 5s after 6.000 s: at most 0bit of 4mbit before",
        ),
        (
            received((0, 4000, 4)),
            CUT,
            7000,
            "only 1s have passed since 6.000 s, which is too early to tell: at most 0bit of 4mbit",
        ),
        (received((0, 4000, 4)), CUT[:1], 20_000, "the line is cut since 4.000 s"),
        (received((0, 4000, 4)), [], 20_000, "the line has not changed"),
        (received((5000, 9000, 4)), CUT, 20_000, "no data had arrived before 4.000 s"),
        (received(), CUT, 20_000, "no data had arrived before 4.000 s"),
        (received((0, 1000, 4)), CUT, 20_000, "no data arrived in the second before 4.000 s"),
    ],
)
def test_it_does_not(counts: Counts, moments: list[Moment], now: int, reason: str) -> None:
    found = judged(counts, moments, now=now)
    assert not found
    assert found.took is None
    assert repr(found) == f"<Recovery: {reason}>"


def test_what_counts_is_the_last_episode() -> None:
    counts = received((0, 1000, 8), (1000, 4000, 4), (6000, 20_000, 4))
    several = changes((1000, True), (1200, False), (4000, True), (5000, True), (6000, False))
    assert judged(counts, several).before == Bitrate(4e6)
    # A change after that is an episode of its own: it gets no better, so all is well.
    assert judged(counts, [*several, *changes((8000, False))]).took == 0


def test_a_flow_that_begins_just_before_is_measured_from_its_beginning() -> None:
    assert judged(received((3900, 4000, 4), (6000, 9000, 4)), CUT).before == "4mbit"
