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

__all__ = ["judged"]

_MOST_STOLEN = 0.005
_MOST_OTHERS = 0.10
_LEAST_CORES = 2


@dataclass(frozen=True, slots=True)
class _Usage:
    """Seconds of processor time so far, of the whole machine; see proc_stat(5)."""

    at: float
    busy: float
    stolen: float
    own: float

    @classmethod
    def now(cls) -> Self:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
        ticks = [int(word) / os.sysconf("SC_CLK_TCK") for word in line.split()[1:9]]
        user, nice, system, _idle, _iowait, irq, softirq, stolen = ticks
        busy = user + nice + system + irq + softirq
        return cls(time.perf_counter(), busy, stolen, time.process_time())


def judged(measure: Callable[[Effort], Finding]) -> Callable[[Effort], Finding]:
    """The same measurement, where a miss proves nothing if the machine was busy meanwhile."""

    def measured(effort: Effort) -> Finding:
        before = _Usage.now()
        found = measure(effort)
        reason = _disturbance(before, _Usage.now())
        if found.verdict == "pass" or not reason:
            return found
        return Finding("inconclusive", f"{found.measured}; {reason}", found.value)

    return measured


def _disturbance(before: _Usage, after: _Usage) -> str:
    """What disturbed the machine between two moments; empty if nothing did."""
    seconds = after.at - before.at
    others = (after.busy - before.busy - (after.own - before.own)) / seconds
    stolen = (after.stolen - before.stolen) / seconds
    if len(os.sched_getaffinity(0)) < _LEAST_CORES:
        return "sender and emulator share the only core"
    if stolen > _MOST_STOLEN:
        return f"the hypervisor took {stolen:.1%} of a core"
    if others > _MOST_OTHERS:
        return f"other programs used {others:.0%} of a core"
    return ""
