"""Panels of a run: which plots there are, for the link and for each flow on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.report.plot import Panel, Trace
from usernet.report.series import (
    causes,
    configured_rate,
    delay_ms,
    gauge,
    per_second,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usernet.engine.statistics import ImpairmentStatistics
    from usernet.net.recorder import Recording
    from usernet.report.series import Reading, Series
    from usernet.report.timeline import Change

__all__ = ["CAUSE_COLOURS", "Group", "groups", "panels"]

CAUSE_COLOURS = {
    "loss": "#e5484d",
    "queue": "#f0a020",
    "aqm": "#9b5de5",
    "policer": "#12a594",
    "outage": "#8b8d98",
    "mtu": "#d6409f",
    "offload": "#a18072",
    "limit": "#46a758",
}
"""Of each cause of a drop."""

_LINK = "The link"
_NAME = re.compile(r"(?:([^/]+)/)?(up|down)(?:/(.+))?")
"""A link's name where there are several, the direction, and the flow."""
_DOWN = re.compile(r"(?:^|/)down(?:/|$)")

_COLOURS = ("#3b82f6", "#f0762e")
"""Of up and down."""
_MUTED, _LIMIT = "#8b8d98", "#e5484d"


@dataclass(frozen=True, slots=True)
class Group:
    """Impairments that are drawn together: both directions of a link, or of a flow.

    Attributes:
        title: Whose they are.
        members: Name of each, and what the plots call it.
    """

    title: str
    members: tuple[tuple[str, str], ...]

    def silence(self, recording: Recording) -> str:
        """What has no panel because it never happened, in words."""
        quiet = [
            *(["No packet was dropped."] if not any(self._causes(recording)) else []),
            *(["No packet was marked."] if not _marked(self, recording) else []),
        ]
        return " ".join(quiet)

    def _causes(self, recording: Recording) -> Iterator[tuple[str, ...]]:
        return (causes(recording, name) for name, _ in self.members)


def groups(recording: Recording) -> list[Group]:
    """The link first, then its flows by name, then whatever else was recorded.

    Of a network every link comes by its name, with its flows.
    """
    names = {name for sample in recording.samples for name in sample.impairments}
    members: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names, key=lambda name: (_DOWN.search(name) is not None, name)):
        title, direction = _title(name)
        members.setdefault(title, []).append((name, direction))
    order = sorted(members, key=lambda title: (title != _LINK, title))
    return [Group(title, tuple(members[title])) for title in order]


def _title(name: str) -> tuple[str, str]:
    """Whose impairment it is, and in which direction."""
    found = _NAME.fullmatch(name)
    if found is None:
        return name, ""
    link, direction, flow = found.groups()
    if link is None:
        return f"Flow {flow}" if flow else _LINK, direction
    return f"{link}, flow {flow}" if flow else link, direction


def panels(group: Group, recording: Recording, changes: Sequence[Change]) -> list[Panel]:
    """What is drawn of a group, from top to bottom."""
    return [
        *(_rates(member, index, recording, changes) for index, member in enumerate(group.members)),
        _delays(group, recording, changes),
        _gauges("Queue, bytes", group, recording, lambda one: one.queue_bytes, si=True),
        _gauges("Queue, packets", group, recording, lambda one: one.queue_packets),
        *(_drops(member, recording) for member in group.members if causes(recording, member[0])),
        *([_marks(group, recording)] if _marked(group, recording) else []),
    ]


def _rates(
    member: tuple[str, str], index: int, recording: Recording, changes: Sequence[Change]
) -> Panel:
    name, label = member
    came = per_second(recording, name, lambda one: one.bytes_in, times=8)
    went = per_second(recording, name, lambda one: one.bytes_out, times=8)
    limit = configured_rate(changes, name, recording.samples[-1].time_ns)
    traces = (
        Trace("in", came, _MUTED, "step"),
        Trace("out", went, _COLOURS[index], "area"),
        *([Trace("configured", limit, _LIMIT, "limit")] if limit.values else []),
    )
    return Panel(f"Rate {label}, bit/s", traces, si=True)


def _delays(group: Group, recording: Recording, changes: Sequence[Change]) -> Panel:
    told = any(name in change.configured for change in changes for name, _ in group.members)
    title = "Delay, ms: configured + wait in the queue" if told else "Wait in the queue, ms"
    return Panel(
        title,
        tuple(
            Trace(label, delay_ms(recording, name, changes), _COLOURS[index])
            for index, (name, label) in enumerate(group.members)
        ),
    )


def _gauges(
    title: str, group: Group, recording: Recording, reading: Reading, *, si: bool = False
) -> Panel:
    traces = (
        Trace(label, gauge(recording, name, reading), _COLOURS[index])
        for index, (name, label) in enumerate(group.members)
    )
    return Panel(title, tuple(traces), si=si)


def _drops(member: tuple[str, str], recording: Recording) -> Panel:
    name, label = member
    traces = (
        Trace(cause, _drop_rate(recording, name, cause), CAUSE_COLOURS.get(cause, _MUTED), "area")
        for cause in causes(recording, name)
    )
    return Panel(f"Dropped {label}, packets/s", tuple(traces))


def _drop_rate(recording: Recording, name: str, cause: str) -> Series:
    return per_second(recording, name, lambda one: one.dropped.get(cause, 0))


def _marked(group: Group, recording: Recording) -> bool:
    return any(gauge(recording, name, _marks_of).highest for name, _ in group.members)


def _marks(group: Group, recording: Recording) -> Panel:
    traces = (
        Trace(label, per_second(recording, name, _marks_of), _COLOURS[index], "area")
        for index, (name, label) in enumerate(group.members)
    )
    return Panel("Marked (ECN), packets/s", tuple(traces))


def _marks_of(one: ImpairmentStatistics) -> int:
    return one.marked
