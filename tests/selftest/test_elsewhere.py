"""What the command does not measure."""

from __future__ import annotations

from usernet.selftest.check import Effort
from usernet.selftest.elsewhere import CHECKS


def test_nothing_here_passes_unmeasured() -> None:
    rows = [check.run(Effort()) for check in CHECKS]
    assert {row.verdict for row in rows} == {"inconclusive"}
    assert all("not measured" in row.measured and row.value is None for row in rows)
