"""Delay in virtual time is exact."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.delay import CHECKS

_VALUES = {
    ("delay", "5 ms, 10000 packets/s"): 0.0,
    ("delay", "50 ms, 10000 packets/s"): 0.0,
    ("delay", "300 ms, 10000 packets/s"): 0.0,
}
"""What each row finds with few packets: the same on every machine."""


def test_every_row_has_its_value() -> None:
    assert [(check.quantity, check.test) for check in CHECKS] == list(_VALUES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.quantity} {check.test}")
def test_rows(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert row.value == pytest.approx(_VALUES[check.quantity, check.test], rel=1e-9, abs=1e-9)
