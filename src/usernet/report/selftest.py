"""The accuracy table of a machine: goal, what was measured, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from usernet.report.element import Html, element, joined, table
from usernet.report.page import page, plot_place
from usernet.report.plot import Plot, draw_plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Row", "selftest_report"]

Verdict = Literal["pass", "short", "inconclusive"]

_SIGNS: dict[Verdict, str] = {"pass": "✓", "short": "✗", "inconclusive": "?"}
_MEANINGS: dict[Verdict, str] = {
    "pass": "the goal is met",
    "short": "the goal is missed",
    "inconclusive": "the machine was too slow or too busy to tell",
}


class Row(Protocol):
    """A row of the accuracy table, as the self-test makes it."""

    @property
    def quantity(self) -> str:
        """What is measured, such as ``delay``."""
        ...

    @property
    def test(self) -> str:
        """How."""
        ...

    @property
    def goal(self) -> str:
        """What it should be."""
        ...

    @property
    def measured(self) -> str:
        """What it is."""
        ...

    @property
    def verdict(self) -> Verdict:
        """Whether that is good enough."""
        ...

    @property
    def clock(self) -> Literal["virtual", "real"]:
        """In which time."""
        ...


def selftest_report(
    rows: Sequence[Row],
    machine: Mapping[str, str],
    date: str,
    *,
    plots: Sequence[Plot] = (),
) -> str:
    """The accuracy table as one HTML file.

    Args:
        rows: The table.
        machine: What it was measured on: processor, kernel, versions.
        date: When, as it shall be written.
        plots: What there is to see of it.
    """
    figures = {f"plot-{number}": draw_plot(plot) for number, plot in enumerate(plots, 1)}
    parts = (
        element("h1", "How accurate usernet is on this machine"),
        element("p", f"Measured {date}.", class_="lead"),
        _sum(rows),
        *(_clock(rows, clock) for clock in ("virtual", "real")),
        _plots(plots, list(figures)),
        element("h2", "The machine"),
        table(("what", "which"), machine.items(), class_="narrow"),
    )
    return page(f"usernet: accuracy, {date}", joined(parts), figures)


def _sum(rows: Sequence[Row]) -> Html:
    found = [row.verdict for row in rows]
    counts = [f"{found.count(verdict)} {verdict}" for verdict in _SIGNS if verdict in found]
    worst = next((one for one in ("short", "inconclusive") if one in found), "pass")
    text = f"{len(found)} row{'' if len(found) == 1 else 's'}: {', '.join(counts)}"
    return element("p", element("strong", text), class_=f"verdict {worst}")


def _clock(rows: Sequence[Row], clock: Literal["virtual", "real"]) -> Html:
    chosen = [row for row in rows if row.clock == clock]
    if not chosen:
        return Html("")
    heads = ("quantity", "test", "goal", "measured", "verdict")
    cells = (
        (row.quantity, row.test, row.goal, row.measured, _verdict(row.verdict)) for row in chosen
    )
    heading = element("h2", f"In {clock} time")
    return element("section", heading, table(heads, cells, class_="accuracy"))


def _verdict(verdict: Verdict) -> Html:
    text = f"{_SIGNS[verdict]} {verdict}"
    return element("span", text, class_=f"badge {verdict}", title=_MEANINGS[verdict])


def _plots(plots: Sequence[Plot], names: Sequence[str]) -> Html:
    places = (
        element("figure", element("figcaption", plot.title), plot_place(name, plot.title))
        for plot, name in zip(plots, names, strict=True)
    )
    return element("div", *places, class_="small-plots") if plots else Html("")
