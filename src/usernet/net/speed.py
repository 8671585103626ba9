"""How fast the engine is on this machine: packets through a graph, apps, emulated packets.

The graphs are built from Python and run in real time, on the engine's thread, as a user's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from usernet.config.apps import Join, Sink, Source, Tee
from usernet.config.impairment import Impairment
from usernet.net.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Speed", "basic1", "measure", "ns_per_app", "ns_per_emulated_packet"]

_SIZE = 60
"""The smallest Ethernet frame, without its checksum: as Snabb's snabbmark basic1."""
_CHAIN = 16
_SLICES = 20
_WARM_UP = 0.1
"""Seconds until the pool and the caches hold what they will hold."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The engine's speed.

    Attributes:
        basic1_mpps: Packets made by a source, in millions a second, which a tee copies to two
            inputs of a sink: Snabb's basic1.
        ns_per_app: What each further app on the way adds to a packet, in nanoseconds.
        ns_per_emulated_packet: What an impairment adds to a packet, in nanoseconds, with a queue,
            a rate, a delay, a jitter and a loss.
    """

    basic1_mpps: float
    ns_per_app: float
    ns_per_emulated_packet: float


def measure(seconds: float = 1.0, report: Callable[[str], None] | None = None) -> Speed:
    """Measure all of it.

    Args:
        seconds: How long each graph runs; there are five.
        report: Called with the name of what is measured next.
    """
    tell = report or _tell_nobody
    tell("source → tee → sink")
    mpps = basic1(seconds)
    tell(f"{_CHAIN} more apps")
    per_app = ns_per_app(seconds)
    tell("queue, rate, delay, jitter, loss")
    return Speed(mpps, per_app, ns_per_emulated_packet(seconds))


def _tell_nobody(what: str) -> None:
    del what


def basic1(seconds: float = 1.0) -> float:
    """Packets through source → tee → sink, in millions a second."""
    network = Network()
    network.app("source", Source(size=_SIZE))
    network.app("tee", Tee())
    network.app("sink", Sink())
    network.connect("source.tx -> tee.rx")
    network.connect("tee.tx1 -> sink.rx1")
    network.connect("tee.tx2 -> sink.rx2")
    return 1e3 / _ns_per_packet(network, "source.tx -> tee.rx", seconds)


def ns_per_app(seconds: float = 1.0) -> float:
    """What each further app costs a packet: a long chain of joins against a short one."""
    return (_chain(_CHAIN + 1, seconds) - _chain(1, seconds)) / _CHAIN


def ns_per_emulated_packet(seconds: float = 1.0) -> float:
    """What an impairment with everything on costs a packet, over a graph without it.

    The rate is more than the engine can carry, so that no packet is spared the way by a full
    queue.
    """
    line = Impairment(
        rate="1tbit",
        queue="100000packets",
        delay="1ms",
        jitter="100us",
        distribution="normal",
        loss="1%",
    )
    return _line(line, seconds) - _line(None, seconds)


def _chain(length: int, seconds: float) -> float:
    network = Network()
    network.app("source", Source(size=_SIZE))
    network.app("sink", Sink())
    names = [f"join{index:02}" for index in range(length)]
    for name in names:
        network.app(name, Join())
    outputs = ["source.tx", *(f"{name}.tx" for name in names)]
    inputs = [*(f"{name}.rx" for name in names), "sink.rx"]
    for output, into in zip(outputs, inputs, strict=True):
        network.connect(f"{output} -> {into}")
    return _ns_per_packet(network, f"{outputs[-1]} -> sink.rx", seconds)


def _line(impairment: Impairment | None, seconds: float) -> float:
    network = Network()
    network.app("source", Source(size=_SIZE))
    network.app("line", impairment or Join())
    network.app("sink", Sink())
    network.connect("source.tx -> line.rx")
    network.connect("line.tx -> sink.rx")
    return _ns_per_packet(network, "source.tx -> line.rx", seconds)


def _ns_per_packet(network: Network, link: str, seconds: float) -> float:
    """Time a packet on this link takes, by the engine's own clock and counters.

    The best of several slices: whatever else the machine does can only slow the engine down.
    """
    with network:
        network.engine.wait(_WARM_UP)
        marks = [_mark(network, link)]
        for _ in range(_SLICES):
            network.engine.wait(seconds / _SLICES)
            marks.append(_mark(network, link))
    return min(
        (time - before) / max(1, packets - already)
        for (before, already), (time, packets) in pairwise(marks)
    )


def _mark(network: Network, link: str) -> tuple[int, int]:
    statistics = network.statistics()
    return statistics.time_ns, statistics.links[link].packets
