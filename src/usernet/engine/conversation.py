"""A conversation: a connection, or datagrams, as the side of a line's first end has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A protocol and two ends.

    Attributes:
        protocol: The IP protocol's number.
        local: The address and the port on the side of the line's first end.
        remote: Those of the other.
    """

    protocol: int
    local: tuple[str, int]
    remote: tuple[str, int]

    @classmethod
    def from_core(cls, raw: Mapping[str, object]) -> Self:
        """Read it as the core writes it."""
        ends = (_end(cast("str", raw[name])) for name in ("local", "remote"))
        return cls(cast("int", raw["protocol"]), *ends)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        local, remote = (_text(*end) for end in (self.local, self.remote))
        return {"protocol": self.protocol, "local": local, "remote": remote}


def _end(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def _text(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
