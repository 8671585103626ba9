"""Statistics: immutable snapshots of everything that was counted, consistent as of one breath."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self, cast

from usernet.engine.host_statistics import HostStatistics

__all__ = [
    "ImpairmentStatistics",
    "Lateness",
    "LinkStatistics",
    "ShareStatistics",
    "Statistics",
]

Counters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late packets left, against the moment that was due; all in nanoseconds.

    Attributes:
        count: Packets that were due at a moment.
        overruns: How many left more than a millisecond late.
        p50: The median.
        p99: The 99th percentile.
        p999: The 99.9th percentile.
        maximum: The worst.
    """

    count: int = 0
    overruns: int = 0
    p50: int = 0
    p99: int = 0
    p999: int = 0
    maximum: int = 0

    @classmethod
    def from_core(cls, counters: Counters) -> Self:
        """Read it as the core writes it."""
        names = ("count", "overruns", "p50_ns", "p99_ns", "p999_ns", "max_ns")
        return cls(*(_integer(counters, name) for name in names))


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """What went through a link: packets, bytes, and packets dropped because it was full."""

    packets: int
    bytes: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ShareStatistics:
    """What became of the packets of one of those that share a queue.

    Attributes:
        weight: Its part of the queue, beside the weights of the others.
        packets_in: Packets that came.
        bytes_in: Their bytes.
        packets_out: Packets that went.
        bytes_out: Their bytes.
        dropped: Packets dropped, by cause.
        queue_packets: Packets in the queue now.
        queue_bytes: Their bytes.
    """

    weight: int
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    dropped: Mapping[str, int]
    queue_packets: int
    queue_bytes: int

    @classmethod
    def from_core(cls, counters: Counters) -> Self:
        """Read it as the core writes it."""
        dropped = MappingProxyType(cast("dict[str, int]", counters["dropped"]))
        plain = (name for name in cls.__dataclass_fields__ if name != "dropped")
        return cls(dropped=dropped, **{name: _integer(counters, name) for name in plain})

    def plain(self) -> dict[str, object]:
        """The counters by name, as plain values."""
        values: dict[str, object] = {
            name: getattr(self, name) for name in self.__dataclass_fields__
        }
        return values | {"dropped": dict(self.dropped)}


def _nobody() -> Mapping[str, ShareStatistics]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ImpairmentStatistics:
    """What an impairment did.

    Attributes:
        packets_in: Packets that came; of a super-packet, each that would be on the wire.
        bytes_in: Their bytes.
        packets_out: Packets that went.
        bytes_out: Their bytes.
        dropped: Packets dropped, by cause.
        marked: Packets marked with Congestion Experienced.
        duplicated: Second packets made.
        corrupted: Packets with a bit flipped.
        reordered: Packets that `reorder` sent before those that wait.
        delayed: Packets in the delay line now.
        queue_packets: Packets in the queue now.
        queue_bytes: Their bytes.
        queue_ns: How long a packet that comes now would stand in the queue: its bytes at the
            present rate, of a trace at its mean.
        lateness: How late packets left.
        shares: Those that share the queue, by the names of flows; ``rx`` are all others.
    """

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    dropped: Mapping[str, int]
    marked: int
    duplicated: int
    corrupted: int
    reordered: int
    delayed: int
    queue_packets: int
    queue_bytes: int
    queue_ns: int
    lateness: Lateness
    shares: Mapping[str, ShareStatistics] = field(default_factory=_nobody)

    @classmethod
    def from_core(cls, counters: Counters) -> Self:
        """Read it as the core writes it."""
        composite = ("dropped", "lateness", "shares")
        plain = (name for name in cls.__dataclass_fields__ if name not in composite)
        shares = cast("dict[str, Counters]", counters.get("shares", {}))
        return cls(
            shares=MappingProxyType(
                {name: ShareStatistics.from_core(one) for name, one in shares.items()}
            ),
            dropped=MappingProxyType(cast("dict[str, int]", counters["dropped"])),
            lateness=Lateness.from_core(cast("Counters", counters["lateness"])),
            **{name: _integer(counters, name) for name in plain},
        )

    def plain(self) -> dict[str, object]:
        """The counters by name, as plain values; ``shares`` only where somebody shares."""
        names = (name for name in self.__dataclass_fields__ if name != "shares")
        values: dict[str, object] = {name: getattr(self, name) for name in names}
        shares = {name: share.plain() for name, share in self.shares.items()}
        late = self.lateness
        values["lateness"] = {name: getattr(late, name) for name in late.__dataclass_fields__}
        values["dropped"] = dict(self.dropped)
        return values | ({"shares": shares} if shares else {})

    @property
    def dropped_total(self) -> int:
        """Packets dropped, for whatever cause."""
        return sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Statistics:
    """Everything counted, as of one breath.

    Attributes:
        time_ns: The engine's time, in nanoseconds since it started.
        breaths: Passes over the graph so far.
        generation: The number of the topology that runs; it grows by one each change.
        packets_lent: Packets that exist now.
        pool_bytes: The memory of all packet buffers, in use or kept for use.
        packets_refused: Packets not made because the memory allowed was in use.
        links: By the text of the link.
        impairments: By the name of the app.
        apps: Every app's counters by name, as plain values.
        hosts: By name.
    """

    time_ns: int
    breaths: int
    generation: int
    packets_lent: int
    pool_bytes: int
    packets_refused: int
    links: Mapping[str, LinkStatistics]
    impairments: Mapping[str, ImpairmentStatistics]
    apps: Mapping[str, Counters]
    hosts: Mapping[str, HostStatistics] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_core(cls, text: str, before: Self | None = None) -> Self:
        """Read a snapshot as the core writes it.

        Args:
            text: What it wrote.
            before: An earlier one. What has counted nothing since is the same object again: of
                hundreds of flows few have packets at a time.
        """
        raw = cast("dict[str, object]", json.loads(text))
        links = cast("dict[str, dict[str, int]]", raw.pop("links"))
        apps = cast("dict[str, Counters]", raw.pop("apps"))
        impairments = {
            name: _same(before, name, counters) or ImpairmentStatistics.from_core(counters)
            for name, counters in apps.items()
            if counters["kind"] == "impairment"
        }
        hosts = {
            name: HostStatistics.from_core(counters)
            for name, counters in apps.items()
            if counters["kind"] == "host"
        }
        return cls(
            links=MappingProxyType({link: LinkStatistics(**one) for link, one in links.items()}),
            impairments=MappingProxyType(impairments),
            hosts=MappingProxyType(hosts),
            apps=MappingProxyType(apps),
            **{name: _integer(raw, name) for name in raw},
        )


def _same(before: Statistics | None, name: str, counters: Counters) -> ImpairmentStatistics | None:
    """What an impairment had counted before, if it is what it has counted now."""
    is_same = before is not None and before.apps.get(name) == counters
    return before.impairments[name] if before is not None and is_same else None


def _integer(counters: Counters, name: str) -> int:
    return cast("int", counters[name])
