"""The whole table."""

from __future__ import annotations

from usernet.selftest import PLAN


def test_rows_have_names_of_their_own() -> None:
    names = [(check.quantity, check.test, check.clock) for check in PLAN]
    assert len(set(names)) == len(names)


def test_the_table_has_every_quantity_in_both_times() -> None:
    quantities = {
        check.clock: {one.quantity for one in PLAN if one.clock == check.clock} for check in PLAN
    }
    assert {"delay", "loss rate", "rate", "trace", "queue", "reproducible"} <= quantities["virtual"]
    assert {"delay", "rate", "queue", "reproducible", "overhead"} <= quantities["real"]
