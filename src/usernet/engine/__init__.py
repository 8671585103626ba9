"""The engine's room: the only one that speaks to the core."""

from usernet.engine.engine import Engine
from usernet.engine.statistics import ImpairmentStatistics, Lateness, LinkStatistics, Statistics

__all__ = ["Engine", "ImpairmentStatistics", "Lateness", "LinkStatistics", "Statistics"]
