"""Disturbance: whether something else kept the machine from being on time meanwhile."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from usernet.selftest.check import Effort, Finding

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Usage", "disturbance", "excused", "judged"]

_MOST_STOLEN = 0.005
_MOST_OTHERS = 0.10
_LEAST_CORES = 2


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time so far.

    Attributes:
        at: The moment, in seconds.
        busy: Of the whole machine; see proc_stat(5).
        stolen: Taken from the machine by its hypervisor.
        own: Of this process.
    """

    at: float
    busy: float
    stolen: float
    own: float

    @classmethod
    def now(cls) -> Self:
        """What it is now."""
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
        ticks = [int(word) / os.sysconf("SC_CLK_TCK") for word in line.split()[1:9]]
        user, nice, system, _idle, _iowait, irq, softirq, stolen = ticks
        busy = user + nice + system + irq + softirq
        return cls(time.perf_counter(), busy, stolen, time.process_time())


def judged(measure: Callable[[Effort], Finding]) -> Callable[[Effort], Finding]:
    """The same measurement, where a miss proves nothing if the machine was busy meanwhile."""

    def measured(effort: Effort) -> Finding:
        before = Usage.now()
        found = measure(effort)
        return excused(found, disturbance(before, Usage.now(), len(os.sched_getaffinity(0))))

    return measured


def excused(found: Finding, reason: str) -> Finding:
    """A miss that has a reason proves nothing; anything else stands."""
    if found.verdict == "pass" or not reason:
        return found
    return Finding("inconclusive", f"{found.measured}; {reason}", found.value)


def disturbance(before: Usage, after: Usage, cores: int) -> str:
    """What disturbed a machine of so many cores between two moments; empty if nothing did."""
    seconds = after.at - before.at
    others = (after.busy - before.busy - (after.own - before.own)) / seconds
    stolen = (after.stolen - before.stolen) / seconds
    reasons = {
        "sender and emulator share the only core": cores < _LEAST_CORES,
        f"other programs used {others:.0%} of a core": others > _MOST_OTHERS,
        f"the hypervisor took {stolen:.1%} of a core": stolen > _MOST_STOLEN,
    }
    return " and ".join(reason for reason, holds in reasons.items() if holds)
