"""Queue: the rows of virtual time, to the digit."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.queue import CHECKS

_VALUES = {
    ("queue", "random arrivals, load 50%"): -0.0017064375349734595,
    ("queue", "random arrivals, load 70%"): -0.007574526872266674,
    ("queue", "drop-tail, 1000 packets at 100 Mbit/s"): 0.0009999999999998899,
}
"""What each row finds with few packets: the same on every machine."""


def test_every_row_has_its_value() -> None:
    assert [(check.quantity, check.test) for check in CHECKS] == list(_VALUES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.quantity} {check.test}")
def test_rows(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert row.value == pytest.approx(_VALUES[check.quantity, check.test], rel=1e-9, abs=1e-9)
