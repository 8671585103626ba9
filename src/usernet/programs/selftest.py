"""``usernet selftest``: how accurate emulation is on this machine."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.selftest import PLAN, Effort, Row, Verdict, machine, measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

__all__ = ["exit_code", "selftest"]

_STYLES: dict[Verdict, str] = {"pass": "green", "short": "red", "inconclusive": "yellow"}


def selftest(
    *,
    report: Path | None = None,
    quick: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Measure how accurate emulation is on this machine, row by row of the accuracy table.

    Exits with 1 if a row of virtual time falls short, which is a defect of usernet; rows of real
    time say what this machine can do, and end with 0 whatever they find. Real time is measured
    in a network namespace of its own, and needs one to be allowed.

    Args:
        report: Write the table (HTML).
        quick: A tenth of the packets: a first look, in a quarter of the time.
        as_json: Print the rows as JSON.
    """
    rows = measure(Effort(quick=quick))
    done = list(rows) if as_json else _shown(rows)
    if as_json:
        print(json.dumps([row.to_dict() for row in done], indent=2))
    if report is not None:
        _write(report, done)
    return exit_code(done)


def exit_code(rows: Iterable[Row]) -> int:
    """What the command exits with: 1 if virtual time, which no machine disturbs, fell short."""
    return int(any(row.clock == "virtual" and row.verdict != "pass" for row in rows))


def _shown(rows: Iterator[Row]) -> list[Row]:
    """Show each row as it is done; then how many there are of each verdict."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for JSON
    from rich.progress import Progress  # noqa: PLC0415

    console, done = Console(), list[Row]()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(_upcoming(0), total=len(PLAN))
        for row in rows:
            _print(progress.console, row)
            done.append(row)
            progress.update(task, advance=1, description=_upcoming(len(done)))
    _table(console, done)
    return done


def _upcoming(number: int) -> str:
    return PLAN[number].quantity if number < len(PLAN) else "done"


def _print(console: Console, row: Row) -> None:
    if not console.is_terminal:
        return  # the table at the end says all of it
    style = _STYLES[row.verdict]
    console.print(f"[{style}]{row.verdict:12}[/] {row.quantity}, {row.test}", highlight=False)


def _table(console: Console, rows: Sequence[Row]) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table("quantity", "test", "goal", "measured", "time", "verdict", box=None)
    for row in rows:
        verdict = f"[{_STYLES[row.verdict]}]{row.verdict}[/]"
        table.add_row(row.quantity, row.test, row.goal, row.measured, row.clock, verdict)
    console.print(table)
    counts = Counter(row.verdict for row in rows)
    console.print(", ".join(f"{counts[verdict]} {verdict}" for verdict in _STYLES))


def _write(path: Path, rows: Sequence[Row]) -> None:
    from usernet.report import selftest_report, write  # noqa: PLC0415 - plotly is slow to import

    date = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    write(path, selftest_report(rows, machine(), date))
