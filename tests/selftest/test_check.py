"""Checks: how much is measured, and the rows that findings make."""

from __future__ import annotations

from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.row import Row


def test_a_first_look_takes_less() -> None:
    assert (Effort().packets(1000), Effort(quick=True).packets(1000)) == (1000, 100)
    assert (Effort().seconds(4.0), Effort(quick=True).seconds(4.0)) == (4.0, 1.0)


def test_a_goal_is_met_or_missed() -> None:
    assert finding(True, "0 ns", 0.0) == Finding("pass", "0 ns", 0.0)
    assert finding(False, "nothing came") == Finding("short", "nothing came", None)


def test_a_row_joins_the_promise_and_the_finding() -> None:
    asked: list[Effort] = []

    def measure(effort: Effort) -> Finding:
        asked.append(effort)
        return Finding("short", "7 ns", 7.0)

    check = Check("delay", "5 ms", "0 ns", "virtual", measure)
    assert check.run(Effort(quick=True)) == Row(
        "delay", "5 ms", "0 ns", "7 ns", "short", 7.0, "virtual"
    )
    assert asked == [Effort(quick=True)]
