"""The latest drops: which packet, why, when and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self, cast

from usernet.config.topology import name_of

__all__ = ["Drop", "Drops"]


@dataclass(frozen=True, slots=True)
class Drop:
    """A packet that was dropped.

    Attributes:
        number: Which one it is of all that were dropped since the engine started, from 1.
        time_ns: When, on the engine's clock.
        app: The impairment that dropped it: ``up``, or ``up/FLOW`` for that of a flow.
        share: The port of the flow whose part of a shared queue it was in; None where nobody
            shares it.
        cause: Why; see the causes of drops.
        packets: How many packets it stands for: more than one where it is a super-packet.
        length: Its bytes, link header and all.
        protocol: The IP protocol's number; None where it is not IP, and so with all that follows.
        source: The address that it comes from.
        source_port: The port there; None where the protocol has none, or in a fragment.
        destination: The address that it goes to.
        destination_port: The port there.
    """

    number: int
    time_ns: int
    app: str
    share: str | None
    cause: str
    packets: int
    length: int
    protocol: int | None
    source: str | None
    source_port: int | None
    destination: str | None
    destination_port: int | None

    @property
    def direction(self) -> str:
        """Which way it went, by the name of the impairment: ``up`` or ``down``."""
        return self.app.partition("/")[0]

    @property
    def flow(self) -> str:
        """The flow that it belonged to; empty where it was the link's own."""
        if self.share is not None and self.share != "rx":
            return name_of(self.share)
        return self.app.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Drops:
    """The latest drops.

    Attributes:
        count: How many packets have been dropped since the engine started.
        latest: The latest of them, oldest first; no more than 1024 are kept.
    """

    count: int
    latest: tuple[Drop, ...]

    @classmethod
    def from_core(cls, text: str) -> Self:
        """Read them as the core writes them."""
        raw = json.loads(text)
        return cls(cast("int", raw["count"]), tuple(Drop(**one) for one in raw["drops"]))
