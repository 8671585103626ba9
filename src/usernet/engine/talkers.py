"""Who talks most: remote ends of connections, by bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_TALKERS", "Talker", "Talkers"]

MOST_TALKERS = 2048
"""How many are counted by themselves: up to so many, every count is exact."""


@dataclass(frozen=True, slots=True)
class Talker:
    """A remote end, and what it sent (down) or was sent (up).

    Attributes:
        address: The remote address.
        port: The port there; 0 where the protocol has none.
        protocol: The IP protocol's number.
        packets: Packets that were surely its own; of a super-packet, each that it stands for.
        bytes: Their bytes, link header and all.
        doubted_packets: Packets that may have been its own, or those of one whose place it took;
            0 as long as there have been no more than `MOST_TALKERS`.
        doubted_bytes: Their bytes.
    """

    address: str
    port: int
    protocol: int
    packets: int
    bytes: int
    doubted_packets: int = 0
    doubted_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Talkers:
    """Who talks most in one direction, since the start.

    Attributes:
        first: Those with the most bytes, the greatest first; 64 at most.
        other_packets: All other packets, those in doubt and those that are not IP among them.
        other_bytes: Their bytes.
        known: How many talkers are counted, `MOST_TALKERS` at most.
        is_exact: Whether no more than `MOST_TALKERS` ever talked, so that nothing is in doubt.
    """

    first: tuple[Talker, ...] = ()
    other_packets: int = 0
    other_bytes: int = 0
    known: int = 0
    is_exact: bool = True

    @classmethod
    def from_core(cls, raw: Mapping[str, object]) -> Self:
        """Read them as the core has them; none of what is empty."""
        if not raw:
            return cls()
        first = (Talker(**one) for one in cast("list[dict[str, int | str]]", raw["talkers"]))  # type: ignore[arg-type]
        others = cast("dict[str, int]", raw["others"])
        return cls(
            tuple(first),
            others["packets"],
            others["bytes"],
            cast("int", raw["known"]),
            raw["replaced"] == 0,
        )
