"""Overhead: a figure of this machine, which no test can know."""

from __future__ import annotations

from usernet.selftest.check import Effort
from usernet.selftest.overhead import CHECKS


def test_the_verdict_follows_from_the_figure() -> None:
    (check,) = CHECKS
    row = check.run(Effort(quick=True))
    assert row.value is not None
    assert (row.verdict == "pass") == (row.value > 1e6)
    assert row.clock == "real"
