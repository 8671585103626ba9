"""Timeline: what changed during a run, and what was configured from then on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from usernet.report import amount
from usernet.report.element import Html, element, joined, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_LISTED", "Change", "Configured", "listed", "timeline"]

MOST_LISTED = 200
"""Changes that are listed; a line that flaps all night has more."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What one direction is configured to do, as far as plots show it.

    Attributes:
        bits_per_second: The rate; None where there is no limit, or it follows a trace.
        delay_ns: The delay of one way, without jitter.
    """

    bits_per_second: float | None = None
    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed.

    Attributes:
        time_ns: When, in nanoseconds since the engine started.
        text: What, in words; empty for a step of a ramp, which is not listed.
        configured: What holds from then on, by name of the impairment; those that are not
            named stay as they were.
    """

    time_ns: int
    text: str = ""
    configured: Mapping[str, Configured] = field(default_factory=lambda: MappingProxyType({}))


def listed(changes: Sequence[Change]) -> list[Change]:
    """The changes that have a number in the report, counted from 1."""
    return [change for change in changes if change.text][:MOST_LISTED]


def timeline(changes: Sequence[Change]) -> Html:
    """The changes as a table; nothing where nothing changed."""
    shown = listed(changes)
    if not shown:
        return Html("")
    rows = (
        (str(number), amount.moment(change.time_ns), change.text)
        for number, change in enumerate(shown, 1)
    )
    more = sum(bool(change.text) for change in changes) - len(shown)
    note = element("p", f"and {amount.count(more)} more", class_="note") if more else Html("")
    heading = element("h2", "What changed")
    body = table(("", "time", "change"), rows, class_="timeline")
    return element("section", joined((heading, body, note)))
