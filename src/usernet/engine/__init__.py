"""The engine's room: the only one that speaks to the core."""

from typing import TYPE_CHECKING

from usernet.engine.engine import Engine

if TYPE_CHECKING:
    from usernet.engine.statistics import (
        ImpairmentStatistics as ImpairmentStatistics,
    )
    from usernet.engine.statistics import Lateness as Lateness
    from usernet.engine.statistics import LinkStatistics as LinkStatistics
    from usernet.engine.statistics import Statistics as Statistics

__all__ = ["Engine", "ImpairmentStatistics", "Lateness", "LinkStatistics", "Statistics"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from usernet.engine import statistics  # noqa: PLC0415 - for whoever looks at them

    return getattr(statistics, name)
