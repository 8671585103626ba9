"""Overhead in real time: what an emulator without impairments adds, and how much it forwards."""

from __future__ import annotations

import time

from usernet.config.apps import RawSocket, Source
from usernet.net.network import Network
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.real import stage
from usernet.selftest.real.delay import percentiles
from usernet.selftest.real.disturbance import judged
from usernet.selftest.real.traffic import Pace, forwarder, through, wait

__all__ = ["CHECKS"]

_ADDED_US = 20.0
_PACKETS_PER_SECOND = 500_000


def _latency(effort: Effort) -> Finding:
    passage = through(None, Pace(effort.packets(40_000)))
    if not passage.went:
        return finding(False, "no packet came out")
    p50, p99, p999 = percentiles([delay / 1e3 for delay in passage.delays()])
    measured = f"p50 {p50:.1f} µs, p99 {p99:.0f} µs, p99.9 {p999:.0f} µs"
    return finding(p50 <= _ADDED_US, measured, p50)


def _throughput(effort: Effort) -> Finding:
    """An engine of its own sends all it can; what arrives behind the emulator counts."""
    sender = Network()
    sender.app("source", Source(size=60))
    sender.app("wire", RawSocket(stage.SENDER))
    sender.connect("source.tx -> wire.rx")
    with forwarder(None), sender:
        wait(0.2)
        start, before = time.perf_counter(), stage.received()
        wait(effort.seconds(2.0))
        came, seconds = stage.received() - before, time.perf_counter() - start
    rate = came / seconds
    return finding(rate >= _PACKETS_PER_SECOND, f"{rate / 1e6:.3f} million packets/s", rate)


CHECKS = (
    Check(
        quantity="overhead",
        test="no impairment, 10000 UDP packets/s",
        goal=f"p50 ≤ {_ADDED_US:.0f} µs added",
        clock="real",
        measure=judged(_latency),
    ),
    Check(
        quantity="overhead",
        test="no impairment, frames of 60 bytes, saturated",
        goal="≥ 0.5 million packets/s on one core",
        clock="real",
        measure=judged(_throughput),
    ),
)
