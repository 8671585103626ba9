"""Echo answers: what came back for an ICMP echo request, and how ping and traceroute call it.

A datagram of UDP is answered likewise: by an error, or by a datagram, which counts as a reply.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EchoAnswer", "ProbeKeys"]

_REPLY = {4: 0, 6: 129}
_TOO_FAR = {4: (11, 0), 6: (3, 0)}
_UNREACHABLE = {4: 3, 6: 1}
_NO_PORT = {4: (3, 3), 6: (1, 4)}
_SAID = {
    (4, 3, 0): ("Destination Net Unreachable", "!N"),
    (4, 3, 1): ("Destination Host Unreachable", "!H"),
    (4, 3, 2): ("Destination Protocol Unreachable", "!P"),
    (4, 3, 3): ("Destination Port Unreachable", ""),
    (4, 3, 9): ("Destination Net Prohibited", "!X"),
    (4, 3, 10): ("Destination Host Prohibited", "!X"),
    (4, 3, 13): ("Packet filtered", "!X"),
    (4, 11, 0): ("Time to live exceeded", ""),
    (6, 1, 0): ("Destination unreachable: No route", "!N"),
    (6, 1, 1): ("Destination unreachable: Administratively prohibited", "!X"),
    (6, 1, 3): ("Destination unreachable: Address unreachable", "!H"),
    (6, 1, 4): ("Destination unreachable: Port unreachable", ""),
    (6, 3, 0): ("Time exceeded: Hop limit", ""),
}
"""By family, type and code (RFC 792, RFC 1812, RFC 4443): as ping and as traceroute say it."""


class ProbeKeys(TypedDict, total=False):
    """What may be said of a request; a key left out has its default."""

    number: int
    """The sequence number of an echo request: 1."""
    size: int
    """How many bytes it carries: 56."""
    hop_limit: int
    """How many hosts on the way may take it, the last one included: 64."""
    port: int | None
    """A UDP port: a datagram goes there in place of an echo request."""


@dataclass(frozen=True, slots=True)
class EchoAnswer:
    """What came back for an echo request: the reply, or an error that somebody on the way told.

    Attributes:
        asked: The numeric address that the request went to.
        source: Who answers.
        kind: The type of the answer.
        code: Its code.
        seconds: How long it took.
        hop_limit: With how many hops left it came.
    """

    asked: str
    source: str
    kind: int
    code: int
    seconds: float
    hop_limit: int

    @property
    def is_reply(self) -> bool:
        """Whether whoever was asked has answered."""
        return self.kind == _REPLY[self._version]

    @property
    def is_at_the_end(self) -> bool:
        """Whether it comes from whoever was asked: a reply, or that nothing is at the port."""
        refused = (self.kind, self.code) == _NO_PORT[self._version]
        return self.is_reply or (refused and self.source == self.asked)

    @classmethod
    def of_datagram(cls, asked: str, seconds: float) -> Self:
        """A datagram that came back from there."""
        return cls(asked, asked, _REPLY[6 if ":" in asked else 4], 0, seconds, 0)

    @property
    def is_too_far(self) -> bool:
        """Whether the request's hop limit was used up there."""
        return (self.kind, self.code) == _TOO_FAR[self._version]

    @property
    def said(self) -> str:
        """An error, as ping prints it."""
        return self._words[0]

    @property
    def mark(self) -> str:
        """An error that ends a path, as traceroute prints it; nothing for any other answer."""
        return self._words[1]

    @property
    def _words(self) -> tuple[str, str]:
        unknown = f"ICMP type {self.kind}, code {self.code}"
        ends = self.kind == _UNREACHABLE[self._version]
        return _SAID.get(
            (self._version, self.kind, self.code), (unknown, f"!{self.code}" if ends else "")
        )

    @property
    def _version(self) -> int:
        return 6 if ":" in self.source else 4

    def to_json(self) -> dict[str, object]:
        """It as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """It from what `to_json` made."""
        return cls(
            asked=str(values["asked"]),
            source=str(values["source"]),
            kind=cast("int", values["kind"]),
            code=cast("int", values["code"]),
            seconds=cast("float", values["seconds"]),
            hop_limit=cast("int", values["hop_limit"]),
        )
