"""Order: reordering, duplication and corruption, counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import stats, virtual
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.engine import ImpairmentStatistics

__all__ = ["CHECKS", "COUNTED", "PACKETS", "arrivals", "counted", "reordered"]

PACKETS = 100_000
_SHARE = 0.05

COUNTED = {"duplicate": 4996, "corrupt": 5086, "reorder": 5011}
"""How many of the packets each effect touches, with 5 % and the seed 9: on every machine."""
_NAMES = {"duplicate": "duplication", "corrupt": "corruption", "reorder": "reordering"}
_SOURCE = Source(size=60, packets_per_second=1000, count=PACKETS)
_DURATION, _SEED = "101s", 9


def counted(key: str) -> int:
    """How many packets an effect touches."""
    statistics = virtual.statistics(_line(key), _SOURCE, _DURATION, _SEED)
    return _touched(key, statistics)


def arrivals(key: str) -> list[int]:
    """The numbers of the packets in the order in which they leave."""
    return virtual.run(_line(key), _SOURCE, _DURATION, _SEED).packets_of(Event.OUT)


def reordered(packets: Sequence[int]) -> int:
    """How many came after a later one: Type-P-Reordered of RFC 4737, 3.3."""
    expected = late = 0
    for packet in packets:
        late += packet < expected
        expected = max(expected, packet + 1)
    return late


def _line(key: str) -> Impairment:
    """An effect on a line of 10 ms, to which packets come 1 ms apart."""
    return Impairment.of({"delay": "10ms", key: "5%"})


def _touched(key: str, statistics: ImpairmentStatistics) -> int:
    counts = {
        "duplicate": statistics.duplicated,
        "corrupt": statistics.corrupted,
        "reorder": statistics.reordered,
    }
    return counts[key]


def _count(key: str, effort: Effort) -> Finding:
    del effort  # a count by seed is of all packets or of none
    found = counted(key)
    low, high = stats.clopper_pearson(found, PACKETS)
    met = found == COUNTED[key] and low <= _SHARE <= high
    return finding(met, f"{found} of {PACKETS}{_overtaken(key)}", float(found))


def _overtaken(key: str) -> str:
    """Reordering as a receiver sees it."""
    return f", {reordered(arrivals(key))} overtaken (RFC 4737)" if key == "reorder" else ""


CHECKS = tuple(
    Check(
        quantity=_NAMES[key],
        test=f"5 % of {PACKETS} packets",
        goal=f"{count} by seed; 99 % interval contains 5 %",
        clock="virtual",
        measure=partial(_count, key),
    )
    for key, count in COUNTED.items()
)
