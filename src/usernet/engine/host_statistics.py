"""What a host has counted, as an immutable snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, cast

__all__ = ["HostStatistics", "InterfaceStatistics"]

Counters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class InterfaceStatistics:
    """What went through an interface: packets and bytes, in and out; a super-packet is one."""

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class HostStatistics:
    """What a host has counted.

    Attributes:
        interfaces: What went through each interface.
        forwarded: Packets that it handed on.
        dropped: Packets that went no further, by cause: ``no_route``, ``no_socket``, ``ttl`` …
        sockets: How many sockets there are in each state: ``listen``, ``established``, ``udp`` …
        sockets_refused: Sockets and connections that there was no room for.
        memory: Bytes that its sockets may hold.
        memory_used: Bytes that they hold.
    """

    interfaces: Mapping[str, InterfaceStatistics]
    forwarded: int
    dropped: Mapping[str, int]
    sockets: Mapping[str, int]
    sockets_refused: int
    memory: int
    memory_used: int

    @classmethod
    def from_core(cls, counters: Counters) -> Self:
        """Read it as the core writes it."""
        interfaces = cast("Mapping[str, Mapping[str, int]]", counters["interfaces"])
        plain = ("forwarded", "sockets_refused", "memory", "memory_used")
        return cls(
            interfaces=MappingProxyType(
                {name: InterfaceStatistics(**one) for name, one in interfaces.items()}
            ),
            dropped=MappingProxyType(cast("dict[str, int]", counters["dropped"])),
            sockets=MappingProxyType(cast("dict[str, int]", counters["sockets"])),
            **{name: cast("int", counters[name]) for name in plain},
        )

    @property
    def dropped_total(self) -> int:
        """Packets that went no further, for whatever cause."""
        return sum(self.dropped.values())
