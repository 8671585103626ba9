"""Check: a row of the accuracy table before it is measured, and how to measure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.selftest.row import Clock, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Check", "Effort", "Finding", "finding"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure.

    Attributes:
        quick: A tenth of the packets, and shorter real time: for a first look.
    """

    quick: bool = False

    def packets(self, full: int) -> int:
        """How many packets, of as many as the accuracy table asks for."""
        return full // 10 if self.quick else full

    def seconds(self, full: float) -> float:
        """How many seconds of real time, of as many as the accuracy table asks for."""
        return full / 4 if self.quick else full


@dataclass(frozen=True, slots=True)
class Finding:
    """What a measurement found; the attributes are those of `Row`."""

    verdict: Verdict
    measured: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A row to be measured.

    Attributes:
        quantity: As in `Row`, and so `test`, `goal` and `clock`.
        measure: Measures it.
    """

    quantity: str
    test: str
    goal: str
    clock: Clock
    measure: Callable[[Effort], Finding]

    def run(self, effort: Effort) -> Row:
        """Measure it.

        Raises:
            UsernetError: The engine refused what the row needs, which is a defect of usernet.
        """
        return self.row(self.measure(effort))

    def row(self, found: Finding) -> Row:
        """The row that this finding makes."""
        measured, verdict = found.measured, found.verdict
        return Row(self.quantity, self.test, self.goal, measured, verdict, found.value, self.clock)


def finding(met: bool, measured: str, value: float | None = None) -> Finding:
    """A finding that passes or falls short."""
    return Finding("pass" if met else "short", measured, value)
