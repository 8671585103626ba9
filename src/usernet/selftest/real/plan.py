"""Plan: every row of real time, in order."""

from __future__ import annotations

from usernet.selftest.real import delay, loss, overhead, rate

__all__ = ["REAL"]

REAL = (*delay.CHECKS, *rate.CHECKS, *loss.CHECKS, *overhead.CHECKS)
