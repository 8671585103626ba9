"""Delay: how far each packet's delay is from the one asked for."""

from __future__ import annotations

from functools import partial

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import virtual
from usernet.selftest.check import Check, Effort, Finding, finding

__all__ = ["CHECKS", "DELAYS_MS", "PACKETS_PER_SECOND"]

DELAYS_MS = (5, 50, 300)
PACKETS_PER_SECOND = 10_000


def _measure(milliseconds: int, effort: Effort) -> Finding:
    packets = effort.packets(100_000)
    source = Source(size=1250, packets_per_second=PACKETS_PER_SECOND, count=packets)
    log = virtual.run(Impairment(delay=f"{milliseconds}ms"), source, "11s", seed=1)
    delays = log.delays()
    worst = max(abs(delay - milliseconds * 1_000_000) for delay in delays)
    met = worst == 0 and len(delays) == packets
    return finding(met, f"{worst} ns at most, {len(delays)} packets", float(worst))


CHECKS = tuple(
    Check(
        quantity="delay",
        test=f"{milliseconds} ms, {PACKETS_PER_SECOND} packets/s",
        goal="error of 0 ns",
        clock="virtual",
        measure=partial(_measure, milliseconds),
    )
    for milliseconds in DELAYS_MS
)
