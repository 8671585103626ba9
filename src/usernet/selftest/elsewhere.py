"""Rows of the accuracy table that this command cannot measure: it says so, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.selftest.check import Check, Finding

if TYPE_CHECKING:
    from usernet.selftest.check import Effort

__all__ = ["CHECKS"]


def _aqm(effort: Effort) -> Finding:
    del effort
    return Finding("inconclusive", "not measured here: make test compares them, in Rust")


CHECKS = (Check("AQM", "events against the RFCs' pseudo-code", "identical", "real", _aqm),)
"""What stands elsewhere."""
