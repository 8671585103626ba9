"""Overhead: how much one core does in virtual time."""

from __future__ import annotations

import time

from usernet.config.apps import Sink, Source
from usernet.config.impairment import Impairment
from usernet.net.network import Network
from usernet.selftest.check import Check, Effort, Finding

__all__ = ["CHECKS"]

_EVENTS_A_PACKET = 2
"""It comes into the impairment, and it leaves."""
_GOAL = 1e6


def _events(effort: Effort) -> Finding:
    """Processor time, not wall time: what else runs on the machine does not count."""
    packets = effort.packets(1_000_000)
    network = Network(seed=11)
    network.app("source", Source(size=60, count=packets))
    network.app("sink", Sink())
    network.connect("source.tx -> sink.rx", Impairment(delay="40ms", jitter="5ms"))
    before = time.thread_time()
    network.advance("10s")
    seconds = time.thread_time() - before
    network.stop()
    rate = packets * _EVENTS_A_PACKET / seconds
    measured = f"{rate / 1e6:.2f} million events/s"
    return Finding("pass" if rate > _GOAL else "short", measured, rate)


CHECKS = (
    Check(
        quantity="overhead",
        test="virtual time, delay and jitter on",
        goal="> 1 million events/s on one core",
        clock="real",
        measure=_events,
    ),
)
