"""Virtual: one seeded run of an impairment in virtual time, and what it wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config.apps import Sink, Source
from usernet.config.topology import Topology, parse_connection
from usernet.net.network import Network
from usernet.selftest.events import EventLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.impairment import Impairment
    from usernet.engine import ImpairmentStatistics

__all__ = ["LINE", "raw_log", "run", "run_chain", "statistics"]

LINE = "line"
"""The name of the impairment under test, from which its random streams follow."""


def run(line: Impairment, source: Source, duration: str, seed: int) -> EventLog:
    """Send packets through an impairment; what happened to them in it."""
    (log,) = run_chain([line], source, duration, seed)
    return log


def run_chain(
    lines: Sequence[Impairment], source: Source, duration: str, seed: int
) -> tuple[EventLog, ...]:
    """Send packets through impairments, one after the other; what happened in each."""
    return EventLog.of_each_app(raw_log(lines, source, duration, seed))


def raw_log(lines: Sequence[Impairment], source: Source, duration: str, seed: int) -> bytes:
    """The event log of such a run, as the engine wrote it."""
    network = Network(seed=seed)
    network.advance(0)  # so that there is an engine to keep the log before anything happens
    network.engine.keep_log()
    network.configure(_chain(lines, source))
    network.advance(duration)
    log = network.engine.log()
    network.stop()
    return log


def statistics(line: Impairment, source: Source, duration: str, seed: int) -> ImpairmentStatistics:
    """What an impairment counts in such a run."""
    network = Network(seed=seed)
    network.configure(_chain([line], source))
    network.advance(duration)
    counted = network.statistics().impairments[LINE]
    network.stop()
    return counted


def _chain(lines: Sequence[Impairment], source: Source) -> Topology:
    names = [LINE + "'" * i for i in range(len(lines))]
    topology = Topology().with_app("source", source).with_app("sink", Sink())
    for name, line in zip(names, lines, strict=True):
        topology = topology.with_app(name, line)
    hops = ["source.tx", *(f"{name}.{port}" for name in names for port in ("rx", "tx")), "sink.rx"]
    for start, end in zip(hops[::2], hops[1::2], strict=True):
        topology = topology.with_link(parse_connection(f"{start} -> {end}"))
    return topology
