"""Selftest: how accurate emulation is, measured on the machine at hand, row by row."""

from usernet.selftest.check import Check, Effort, Finding
from usernet.selftest.machine import machine
from usernet.selftest.plan import PLAN, measure
from usernet.selftest.row import Clock, Row, Verdict

__all__ = ["PLAN", "Check", "Clock", "Effort", "Finding", "Row", "Verdict", "machine", "measure"]
