"""Plan: every row of the accuracy table, in order, and how to measure all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.selftest import (
    delay,
    elsewhere,
    jitter,
    loss,
    namespace,
    order,
    overhead,
    queue,
    rate,
    realism,
    reproducible,
)
from usernet.selftest.real.plan import REAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet.selftest.check import Check, Effort
    from usernet.selftest.row import Row

__all__ = ["PLAN", "measure"]

_HERE: tuple[Check, ...] = (
    *delay.CHECKS,
    *loss.CHECKS,
    *jitter.CHECKS,
    *rate.CHECKS,
    *queue.CHECKS,
    *order.CHECKS,
    *realism.CHECKS,
    *reproducible.CHECKS,
    *overhead.CHECKS,
)

PLAN: tuple[Check, ...] = (*_HERE, *REAL, *elsewhere.CHECKS)
"""The table: what is measured in virtual time, what needs real packets, what is not measured."""


def measure(effort: Effort) -> Iterator[Row]:
    """Measure the whole plan; each row as it is done, in the order of `PLAN`.

    Raises:
        UsernetError: The engine refused what a row needs, which is a defect of usernet.
    """
    for check in _HERE:
        yield check.run(effort)
    yield from namespace.rows(REAL, effort)
    for check in elsewhere.CHECKS:
        yield check.run(effort)
