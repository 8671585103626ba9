"""``usernet selftest``: what it prints, and what it exits with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from usernet.programs import selftest
from usernet.selftest import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet.selftest import Clock, Effort, Verdict


def _row(clock: Clock, verdict: Verdict) -> Row:
    return Row("delay", "50 ms", "p99 ≤ 100 µs", "p99 71 µs", verdict, 71.0, clock)


@pytest.mark.parametrize(
    ("clock", "verdict", "code"),
    [
        ("virtual", "pass", 0),
        ("virtual", "short", 1),
        ("real", "short", 0),
        ("real", "inconclusive", 0),
    ],
)
def test_only_virtual_time_is_a_defect(clock: Clock, verdict: Verdict, code: int) -> None:
    assert selftest.exit_code([_row("virtual", "pass"), _row(clock, verdict)]) == code


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Effort]:
    """Rows without a measurement; the efforts that were asked for."""
    asked: list[Effort] = []

    def measure(effort: Effort) -> Iterator[Row]:
        asked.append(effort)
        yield _row("virtual", "pass")
        yield _row("real", "inconclusive")

    monkeypatch.setattr(selftest, "measure", measure)
    return asked


def test_json_is_a_list_of_rows(measured: list[Effort], capsys: pytest.CaptureFixture[str]) -> None:
    assert selftest.selftest(as_json=True, quick=True) == 0
    rows = json.loads(capsys.readouterr().out)
    keys = {"quantity", "test", "goal", "measured", "verdict", "value", "clock"}
    assert [set(row) for row in rows] == [keys, keys]
    assert [row["verdict"] for row in rows] == ["pass", "inconclusive"]
    assert [effort.quick for effort in measured] == [True]


def test_the_table_ends_with_the_sum(
    measured: list[Effort], capsys: pytest.CaptureFixture[str]
) -> None:
    assert selftest.selftest() == 0
    assert not measured[0].quick
    out = capsys.readouterr().out
    assert "p99 71 µs" in out
    assert out.splitlines()[-1] == "1 pass, 0 short, 1 inconclusive"
