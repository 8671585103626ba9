"""Order: reordering, duplication and corruption, counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import stats, virtual
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.events import Event, EventLog

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHECKS", "COUNTED", "PACKETS", "counted", "log_of", "reordered"]

PACKETS = 100_000
SHARE = 0.05
_KEYS = {"duplicate": Event.DUPLICATED, "corrupt": Event.CORRUPTED, "reorder": Event.REORDERED}

COUNTED = {"duplicate": 0, "corrupt": 0, "reorder": 0}
"""How many of the packets each effect touches, with 5 % and the seed 9: on every machine."""


def log_of(key: str) -> EventLog:
    """What such an effect does to packets 1 ms apart on a line of 10 ms."""
    effect = {"duplicate": "5%", "corrupt": "5%", "reorder": "5%"}[key]
    line = Impairment.of({"delay": "10ms", key: effect})
    source = Source(size=60, packets_per_second=1000, count=PACKETS)
    return virtual.run(line, source, "101s", seed=9)


def counted(key: str, log: EventLog) -> int:
    """How many packets the effect touched."""
    return log.count(_KEYS[key])


def reordered(packets: Sequence[int]) -> int:
    """How many came after a later one: Type-P-Reordered of RFC 4737, 3.3."""
    expected = late = 0
    for packet in packets:
        late += packet < expected
        expected = max(expected, packet + 1)
    return late


def _count(key: str, effort: Effort) -> Finding:
    del effort  # a count by seed is of all packets or of none
    log = log_of(key)
    found = counted(key, log)
    low, high = stats.clopper_pearson(found, PACKETS)
    met = found == COUNTED[key] and low <= SHARE <= high
    return finding(met, f"{found} of {PACKETS}, {_seen(key, log)}", float(found))


def _seen(key: str, log: EventLog) -> str:
    """The effect as a receiver sees it."""
    out = log.packets_of(Event.OUT)
    if key == "reorder":
        return f"{reordered(out)} overtaken (RFC 4737)"
    return f"{len(out)} packets out"


CHECKS = tuple(
    Check(
        quantity={"duplicate": "duplication", "corrupt": "corruption", "reorder": "reordering"}[
            key
        ],
        test=f"5 % of {PACKETS} packets",
        goal=f"{COUNTED[key]} by seed; 99 % interval contains 5 %",
        clock="virtual",
        measure=partial(_count, key),
    )
    for key in COUNTED
)
