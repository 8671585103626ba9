"""Jitter: the rows of virtual time, to the digit."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.jitter import CHECKS

_VALUES = {
    ("jitter, shape", "200 ms ± 5 ms uniform"): 0.8118923452811664,
    ("jitter, shape", "200 ms ± 5 ms normal"): 0.8118963188052635,
    ("jitter, shape", "200 ms ± 5 ms table of 16"): 0.8739266685343223,
    ("jitter, moments", "200 ms ± 5 ms uniform"): -0.0008431164470029673,
    ("jitter, moments", "200 ms ± 5 ms normal"): -0.002287879084156952,
    ("jitter, moments", "200 ms ± 5 ms pareto"): -0.005375819690877415,
    ("jitter, moments", "200 ms ± 5 ms paretonormal"): -0.003342336429542181,
    ("jitter, correlation", "200 ms ± 5 ms uniform 0%"): -0.0038201641650990356,
    ("jitter, correlation", "200 ms ± 5 ms uniform 25%"): 0.2455061640492834,
    ("jitter, correlation", "200 ms ± 5 ms uniform 75%"): 0.747835574907943,
    ("jitter, correlation", "200 ms ± 5 ms normal 0%"): -0.0032739630699344952,
    ("jitter, correlation", "200 ms ± 5 ms normal 25%"): 0.2454507614538662,
    ("jitter, correlation", "200 ms ± 5 ms normal 75%"): 0.747635967370937,
    ("jitter, correlated", "200 ms ± 5 ms normal 50%"): -0.005266551383720786,
}
"""What each row finds with few packets: the same on every machine."""


def test_every_row_has_its_value() -> None:
    assert [(check.quantity, check.test) for check in CHECKS] == list(_VALUES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.quantity} {check.test}")
def test_rows(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert row.value == pytest.approx(_VALUES[check.quantity, check.test], rel=1e-9, abs=1e-9)
