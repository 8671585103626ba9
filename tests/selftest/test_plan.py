"""The whole table in virtual time: every row passes, at the sizes of a first look and in full."""

from __future__ import annotations

import pytest

from usernet.selftest import PLAN, Check, Effort

_VIRTUAL = [check for check in PLAN if check.clock == "virtual"]


def _name(check: Check) -> str:
    return f"{check.quantity}: {check.test}"


@pytest.mark.parametrize("check", _VIRTUAL, ids=_name)
def test_each_row_of_virtual_time_passes(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert (row.quantity, row.clock) == (check.quantity, "virtual")


def test_rows_have_names_of_their_own() -> None:
    names = [(check.quantity, check.test, check.clock) for check in PLAN]
    assert len(set(names)) == len(names)


def test_the_table_has_every_quantity_in_both_times() -> None:
    quantities = {
        check.clock: {one.quantity for one in PLAN if one.clock == check.clock} for check in PLAN
    }
    assert {"delay", "loss rate", "rate", "trace", "queue", "reproducible"} <= quantities["virtual"]
    assert {"delay", "rate", "queue", "reproducible", "overhead"} <= quantities["real"]
