"""Figures of a bench, as a table or as JSON, and the C programs that it measures beside."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Figure", "at_least", "at_most", "compiled", "run"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, beside what, and whether it is good enough.

    Attributes:
        work: What was done.
        usernet: What usernet did, in `unit`.
        peer: What the peer did in the same run, in `unit`; None where there is none.
        peer_name: What the peer is.
        unit: Of both.
        goal: In words; empty where there is none.
        met: Whether the goal is met.
    """

    work: str
    usernet: float
    unit: str
    goal: str
    met: bool
    peer: float | None = None
    peer_name: str = ""

    @property
    def ratio(self) -> float | None:
        """Usernet's figure over the peer's."""
        return self.usernet / self.peer if self.peer else None


def at_least(
    share: float, work: str, usernet: float, unit: str, *, peer: float, peer_name: str
) -> Figure:
    """A figure that should be at least this share of the peer's."""
    goal = f"≥ {share:g} of the peer's"
    return Figure(work, usernet, unit, goal, usernet >= share * peer, peer, peer_name)


def at_most(
    limit: float,
    work: str,
    usernet: float,
    unit: str,
    *,
    peer: float | None = None,
    peer_name: str = "",
) -> Figure:
    """A figure that should be at most so much."""
    return Figure(work, usernet, unit, f"≤ {limit:g} {unit}", usernet <= limit, peer, peer_name)


@contextmanager
def compiled(*names: str) -> Iterator[tuple[Path, ...]]:
    """Our C programs of these names, compiled for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        programs = tuple(Path(folder) / name for name in names)
        for program in programs:
            source = _HERE / f"{program.name}.c"
            subprocess.run(["cc", "-O3", "-march=native", "-o", program, source], check=True)
        yield programs


def run(bench: Callable[[], Iterator[Figure]]) -> None:
    """Run a bench and print its figures: as JSON with ``--json``, else as a table."""
    console = Console(highlight=False)
    if "--json" in sys.argv:
        print(json.dumps([{**asdict(one), "ratio": one.ratio} for one in bench()], indent=2))
        return
    title = (bench.__doc__ or "").splitlines()[0]
    with console.status(title):
        figures = list(bench())
    console.print(_table(title, figures))


def _table(title: str, figures: list[Figure]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("work")
    for name in ("usernet", "peer", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("goal")
    for one in figures:
        peer = "" if one.peer is None else f"{one.peer:.4g} ({one.peer_name})"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        mark = "[green]met[/]" if one.met else "[red]missed[/]"
        goal = f"{one.goal}: {mark}" if one.goal else ""
        table.add_row(one.work, f"{one.usernet:.4g} {one.unit}", peer, ratio, goal)
    return table
