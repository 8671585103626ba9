"""Rate and trace: the rows of virtual time, to the byte."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.rate import CHECKS, seeded_trace

_VALUES = {
    ("rate", "56kbit, saturated"): 943.999994,
    ("rate", "1mbit, saturated"): 852.0,
    ("rate", "10mbit, saturated"): 950.0,
    ("rate", "100mbit, saturated"): 416.0,
    ("rate", "1gbit, saturated"): 1132.0,
    ("trace", "a trace of 2 s, saturated"): 0.0,
}
"""What each row finds with few packets: the same on every machine."""


def test_every_row_has_its_value() -> None:
    assert [(check.quantity, check.test) for check in CHECKS] == list(_VALUES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.quantity} {check.test}")
def test_rows(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert row.value == pytest.approx(_VALUES[check.quantity, check.test], rel=1e-9, abs=1e-9)


def test_the_trace_rises_and_ends_where_it_repeats() -> None:
    trace = seeded_trace(2_000)
    assert list(trace) == sorted(trace)
    assert (len(trace), trace[-1]) == (1982, 2_000)
