"""VirtualClock: jumps to the next thing, and several engines keep one time."""

from __future__ import annotations

import pytest

from usernet.net.bridge import Bridge
from usernet.net.virtual_clock import VirtualClock, nanoseconds

from .fake_core import Engine

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("when", "now", "due"),
    [
        (0.0, 0, 0),
        (0.3, 0, 300_000_000),
        (0.1 + 0.2, 0, 300_000_000),
        (0.1 + 0.2, 300_000_000, 300_000_001),
        (1e-12, 0, 1),
        (1.0000000006, 0, SECOND + 1),
        (5.0, 7 * SECOND, 5 * SECOND),
        (1e6 + 0.1, 0, 1_000_000_100_000_000),
    ],
)
def test_moments(when: float, now: int, due: int) -> None:
    assert nanoseconds(when, now) == due


def engines(clock: VirtualClock, count: int) -> list[Engine]:
    made = [Engine({"a": ["10.0.0.1"]}) for _ in range(count)]
    for engine in made:
        clock.attach(engine, Bridge(engine))
    return made


def test_without_engines_it_jumps_to_the_timer() -> None:
    clock = VirtualClock()
    assert clock.jump(5 * SECOND)
    assert clock.now == 5 * SECOND
    assert not clock.jump(None)


def test_what_happens_first_comes_first() -> None:
    clock = VirtualClock()
    (engine,) = engines(clock, 1)
    seen: list[int] = []
    engine.at(2 * SECOND, lambda: seen.append(engine.now()))
    assert clock.jump(1 * SECOND)
    assert (clock.now, seen) == (1 * SECOND, [])
    assert clock.jump(None)
    assert seen == [2 * SECOND]


def test_an_engine_that_came_later_counts_from_then() -> None:
    clock = VirtualClock()
    clock.jump(10 * SECOND)
    (engine,) = engines(clock, 1)
    engine.at(SECOND, lambda: None)
    clock.jump(None)
    clock.poll()
    assert clock.now >= 11 * SECOND
    assert engine.now() == clock.now - 10 * SECOND


def test_several_engines_keep_one_time() -> None:
    clock = VirtualClock()
    one, two = engines(clock, 2)
    order: list[tuple[str, int]] = []
    one.at(3 * SECOND, lambda: order.append(("one", two.now())))
    two.at(1 * SECOND, lambda: order.append(("two", one.now())))
    while clock.jump(None):
        pass
    assert order == [("two", SECOND), ("one", 1 * SECOND)]
    assert (one.now(), two.now(), clock.now) == (3 * SECOND,) * 3


def test_engines_that_only_keep_themselves_busy_are_a_standstill() -> None:
    clock = VirtualClock()
    (engine,) = engines(clock, 1)

    def probe() -> None:
        engine.at(7200 * SECOND, probe)

    probe()
    jumps = 0
    while clock.jump(None):
        jumps += 1
    assert jumps == 12
    assert clock.jump(100 * 3600 * SECOND)


def test_who_is_detached_keeps_its_own_time() -> None:
    clock = VirtualClock()
    (engine,) = engines(clock, 1)
    clock.detach(clock.bridges[0])
    assert clock.jump(SECOND)
    assert (engine.now(), clock.bridges) == (0, [])
