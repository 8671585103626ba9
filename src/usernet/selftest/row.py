"""Row: one line of the accuracy table, as measured on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

__all__ = ["Clock", "Row", "Verdict"]

Clock: TypeAlias = Literal["virtual", "real"]
"""In which time a row is measured."""

Verdict: TypeAlias = Literal["pass", "short", "inconclusive"]
"""``pass``; ``short``: measured, and missed; ``inconclusive``: this machine could not tell."""


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity, what is promised of it, and what was found.

    Attributes:
        quantity: What is measured: ``delay``, ``loss rate`` …
        test: How: the impairment, the traffic.
        goal: What is promised.
        measured: What was found; for an inconclusive row also why it proves nothing.
        verdict: Whether the promise holds here.
        value: The figure behind `measured`, in the unit that `measured` names; None where there
            is none.
        clock: In which time it was measured.
    """

    quantity: str
    test: str
    goal: str
    measured: str
    verdict: Verdict
    value: float | None
    clock: Clock

    def to_dict(self) -> dict[str, str | float | None]:
        """The row as plain values, a key for each attribute."""
        return asdict(self)
