"""The percentiles of a delay's error."""

from __future__ import annotations

from usernet.selftest.real.delay import CHECKS, percentiles


def test_percentiles_are_of_samples_in_any_order() -> None:
    samples = [float(i) for i in range(1000, 0, -1)]
    assert percentiles(samples) == (500.0, 990.0, 999.0)


def test_the_goal_of_the_precise_mode_is_its_own() -> None:
    goals = {check.goal for check in CHECKS if check.test.endswith("precise")}
    assert goals == {"error p99 ≤ 20 µs"}
