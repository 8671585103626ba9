"""The rows of real time."""

from __future__ import annotations

from usernet.selftest.real.plan import REAL


def test_all_rows_are_of_real_time_and_differ() -> None:
    assert {check.clock for check in REAL} == {"real"}
    assert len({(check.quantity, check.test) for check in REAL}) == len(REAL)
