"""The report of a run: what the line did, what changed, and whether it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.report import amount
from usernet.report.connections import Connections, connections_table
from usernet.report.element import Html, element, joined, table
from usernet.report.page import page, plot_place
from usernet.report.panels import Group, groups, panels
from usernet.report.plot import MOST_POINTS, Figure, draw
from usernet.report.timeline import Change, listed, timeline
from usernet.report.totals import glance, totals_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usernet.engine.fidelity import Fidelity
    from usernet.engine.statistics import ImpairmentStatistics
    from usernet.net.recorder import Recording

__all__ = ["MOST_GROUPS", "MOST_TEXT", "run_report"]

MOST_GROUPS = 24
"""Plots of flows that are drawn; the totals have all."""
MOST_TEXT = 100_000
"""Characters of a config that are shown."""

_FULL_GROUPS = 4
"""Plots with all their points; if there are more, each has fewer."""


def run_report(  # noqa: PLR0917 - what no report is without, in the order of the page
    title: str,
    description: str,
    recording: Recording,
    fidelity: Fidelity,
    config_text: str,
    totals: Mapping[str, ImpairmentStatistics],
    *,
    changes: Sequence[Change] = (),
    connections: Connections | None = None,
    facts: Mapping[str, str] | None = None,
) -> str:
    """The report of a run as one HTML file.

    Args:
        title: The name of the run, such as the scenario's.
        description: What was emulated, in a sentence; may be empty.
        recording: The run over time.
        fidelity: Whether it can be trusted.
        config_text: The scenario or the config, as the user would give it again.
        totals: What each impairment did in all, by name.
        changes: What was configured and what changed, in order of time; the first says what
            held at the start.
        connections: What a program connected to, where that is known.
        facts: What is needed to repeat the run: seed, versions, command, start, machine.
    """
    every = groups(recording)
    drawn = every[:MOST_GROUPS]
    figures = _figures(drawn, recording, changes)
    parts = (
        element("h1", title),
        element("p", description, class_="lead") if description else Html(""),
        _certificate(fidelity),
        glance(recording, totals, changes),
        *(_plots(group, name, recording) for group, name in zip(drawn, figures, strict=True)),
        _not_drawn(len(every) - len(drawn)),
        timeline(changes),
        connections_table(connections or Connections()),
        totals_table(totals),
        _lateness(fidelity),
        _repeat(config_text, facts or {}),
    )
    return page(title, joined(parts), figures)


def _figures(
    drawn: Sequence[Group], recording: Recording, changes: Sequence[Change]
) -> dict[str, Figure]:
    points = MOST_POINTS * _FULL_GROUPS // max(len(drawn), _FULL_GROUPS)
    marks = [change.time_ns / 1e9 for change in listed(changes)]
    start, end = (recording.samples[at].time_ns / 1e9 for at in (0, -1)) if drawn else (0.0, 0.0)
    return {
        f"plot-{number}": draw(
            panels(group, recording, changes), marks, (start, end), most_points=points
        )
        for number, group in enumerate(drawn, 1)
    }


def _certificate(fidelity: Fidelity) -> Html:
    word = element("strong", fidelity.verdict)
    return element("p", word, f": {fidelity.reason}", class_=f"verdict {fidelity.verdict}")


def _plots(group: Group, name: str, recording: Recording) -> Html:
    heading = element("h2", group.title)
    label = f"Rate, delay, queue and drops over time: {group.title}"
    span = f"One point is {amount.duration(recording.period_ns)} or more."
    quiet = element("p", f"{span} {group.silence(recording)}".strip(), class_="note")
    return element("section", heading, plot_place(name, label), quiet, class_="plots")


def _not_drawn(flows: int) -> Html:
    text = f"{amount.count(flows)} more flows are not drawn; the totals have them."
    return element("p", text, class_="note") if flows else Html("")


def _lateness(fidelity: Fidelity) -> Html:
    late = fidelity.lateness
    rows = (
        ("packets with a due time", amount.count(late.count)),
        ("median", amount.duration(late.p50)),
        ("99th percentile", amount.duration(late.p99)),
        ("99.9th percentile", amount.duration(late.p999)),
        ("worst", amount.duration(late.maximum)),
        ("more than 1 ms late", amount.count(late.overruns)),
        ("dropped by the kernel, unseen", amount.count(fidelity.kernel_dropped)),
    )
    said = element("p", "How much later packets left than they were due.", class_="note")
    heading = element("h2", "How well this machine kept time")
    body = table(("lateness", "this run"), rows, class_="numbers narrow")
    return element("section", heading, said, body)


def _repeat(config_text: str, facts: Mapping[str, str]) -> Html:
    cut = len(config_text) - MOST_TEXT
    note = element("p", f"… {amount.count(cut)} characters more", class_="note")
    parts = (
        element("h2", "To repeat this run"),
        table(("what", "which"), facts.items(), class_="narrow") if facts else Html(""),
        element("h3", "Configuration"),
        element("pre", config_text[:MOST_TEXT]),
        note if cut > 0 else Html(""),
    )
    return element("section", *parts)
