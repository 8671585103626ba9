"""Scenario files with everything that they may name: profiles, traces, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config import load as config
from usernet.trace import mahimahi, profiles

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.config.scenario import Scenario

__all__ = ["load"]


def load(path: str | Path) -> Scenario:
    """Read a scenario file; traces and tables are found relative to it, profiles by name.

    Raises:
        ConfigError: If the file, or what it says, is not a scenario.
        TraceError: If a trace that it names is not one.
    """
    return config.load(path, profile=profiles.load, trace=mahimahi.read)
