"""TCP against its formulas."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.realism import CHECKS, Line, goodput, window


def test_the_formulas_have_their_published_values() -> None:
    assert window(Line("reno", 1e-2, 0.1)) == pytest.approx(12.2)
    assert window(Line("cubic", 1e-4, 0.1)) == pytest.approx(1.054 * 1000**0.75)
    assert window(Line("cubic", 1e-2, 0.02)) == window(Line("reno", 1e-2, 0.02))


def test_a_measurement_is_exact_and_repeats() -> None:
    line = Line("reno", 1e-2, 0.02)
    assert goodput(line, 40) == goodput(line, 40)


@pytest.mark.parametrize("check", CHECKS[:2], ids=[check.test for check in CHECKS[:2]])
def test_hosts_are_as_their_formulas_say(check: Check) -> None:
    assert check.run(Effort()).verdict == "pass"
