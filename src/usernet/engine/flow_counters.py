"""What became of the packets of each flow of a line, whatever shares they went through."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from usernet.config.topology import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.engine.statistics import ImpairmentStatistics, ShareStatistics, Statistics

__all__ = ["FlowCounters", "flow_counters"]


@dataclass(frozen=True, slots=True)
class FlowCounters:
    """What became of a flow's packets in one direction; of a super-packet, each counts.

    The one that a rate is just sending is neither in a queue nor in a delay line.

    Attributes:
        packets_in: Packets that its filter took.
        bytes_in: Their bytes.
        packets_out: Packets that passed.
        bytes_out: Their bytes.
        dropped: Packets dropped, by cause, in its own impairments and in what it shares.
        delayed: Packets in the delay line of its own impairments now.
        queue_packets: Packets in queues now: its own, and its part of a shared one.
        queue_bytes: Their bytes.
        queue_ns: How long a packet that comes now would stand in its own queue.
        share: What it shares: the name of a bottleneck, ``link`` or empty.
    """

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    dropped: Mapping[str, int]
    delayed: int
    queue_packets: int
    queue_bytes: int
    queue_ns: int
    share: str = ""


def flow_counters(
    statistics: Statistics, direction: str, flows: tuple[str, ...]
) -> Mapping[str, FlowCounters]:
    """The flows of a direction by name; ``""`` is what no filter took.

    Args:
        statistics: A snapshot.
        direction: The name of the direction's own impairment: ``up`` or ``down``, with that of the
            line before it where a network has several.
        flows: The names of the flows.
    """
    shares = {
        name_of(name): (app.removeprefix(direction).removeprefix("/") or "link", share)
        for app, one in statistics.impairments.items()
        if app == direction or app.startswith(f"{direction}/")
        for name, share in one.shares.items()
        if name != "rx"
    }
    found: dict[str, FlowCounters] = {}
    if own := statistics.impairments.get(direction):
        found[""] = _rest(own)
    for name in flows:
        if own := statistics.impairments.get(f"{direction}/{name}"):
            found[name] = _through(own, *shares[name]) if name in shares else _alone(own)
    return MappingProxyType(found)


def _alone(own: ImpairmentStatistics) -> FlowCounters:
    return FlowCounters(
        own.packets_in,
        own.bytes_in,
        own.packets_out,
        own.bytes_out,
        own.dropped,
        own.delayed,
        own.queue_packets,
        own.queue_bytes,
        own.queue_ns,
    )


def _rest(own: ImpairmentStatistics) -> FlowCounters:
    """What no filter took: all of it, or its share where flows share the link's own queue."""
    rest = own.shares.get("rx")
    if rest is None:
        return _alone(own)
    counts = (rest.packets_in, rest.bytes_in, rest.packets_out, rest.bytes_out, rest.dropped)
    return FlowCounters(
        *counts, own.delayed, rest.queue_packets, rest.queue_bytes, own.queue_ns, "link"
    )


def _through(own: ImpairmentStatistics, name: str, share: ShareStatistics) -> FlowCounters:
    return FlowCounters(
        own.packets_in,
        own.bytes_in,
        share.packets_out,
        share.bytes_out,
        MappingProxyType(dict(Counter(own.dropped) + Counter(share.dropped))),
        own.delayed,
        own.queue_packets + share.queue_packets,
        own.queue_bytes + share.queue_bytes,
        own.queue_ns,
        name,
    )
