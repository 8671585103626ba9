"""Flows: what of a conversation was sent, what arrived, and how that went over time.

Everything is seen on the wire: meters stand where links begin and end. Data is what TCP and UDP
carry, and counts once: what TCP sends again is a retransmission, and what arrives again is not
goodput.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from usernet.config import units
from usernet.config.quantity import Bitrate, ByteSize, Share, Span
from usernet.net.meters import Counts, Volume
from usernet.net.recovery import Moment, Recovery, recovery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.units import Duration, Probability

__all__ = ["FlowStatistics"]


@dataclass(frozen=True, slots=True)
class FlowStatistics:
    """What happened on the wire, up to now.

    Attributes:
        name: From where to where.
        sent: What went into the line, all that was sent again included.
        received: What came out of it.
        dropped: Packets dropped on the way, by cause; where others share the line, theirs too.
        time_ns: Now, on the engine's clock.
        moments: When the line became something else.
    """

    name: str
    sent: Counts = field(default_factory=Counts)
    received: Counts = field(default_factory=Counts)
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    time_ns: int = 0
    moments: tuple[Moment, ...] = ()

    @property
    def goodput(self) -> Bitrate:
        """Data that arrived, each byte once, over `duration`; 0 where none did."""
        return Bitrate(self.received.fresh * 8 / self.duration if self.duration else 0.0)

    @property
    def duration(self) -> Span:
        """The time from the first data sent to the last that arrived."""
        first, last = self.sent.first_ns, self.received.last_ns
        return Span(max(0, last - first) / 1e9 if first is not None and last is not None else 0.0)

    @property
    def data(self) -> ByteSize:
        """Data that arrived, each byte once."""
        return ByteSize(self.received.fresh)

    @property
    def retransmissions(self) -> int:
        """Segments that TCP sent again."""
        return self.sent.repeated_segments

    @property
    def dropped_total(self) -> int:
        """Packets dropped on the way, for whatever cause."""
        return sum(self.dropped.values())

    @property
    def loss(self) -> Share:
        """The share of packets dropped; 0 where none was sent."""
        return Share(self.dropped_total / self.sent.packets if self.sent.packets else 0.0)

    def goodput_between(self, start: Duration, end: Duration) -> Bitrate:
        """Goodput between two moments on the engine's clock.

        Raises:
            UnitError: They are not durations.
            ValueError: The end is not after the start.
        """
        first, last = units.nanoseconds(start, path="start"), units.nanoseconds(end, path="end")
        if last <= first:
            raise ValueError(f"the end ({end}) is not after the start ({start})")
        return Bitrate(Volume(self.received.series).rate(first, last))

    def recovers(
        self,
        within: Duration,
        *,
        share: Probability = "90%",
        window: Duration = "500ms",
    ) -> Recovery:
        """Whether goodput comes back after the line's last change.

        What it was before is taken from the second before the line was cut, or changed. It has
        come back when for a whole window it is as high as that, or so nearly.

        Args:
            within: How long that may take from the moment the line was whole again, or changed.
            share: How much of the goodput before is enough.
            window: For how long it must be as high.

        Raises:
            UnitError: A value has no unit, or the wrong one.
        """
        return recovery(
            self.received,
            self.moments,
            self.time_ns,
            within_ns=units.nanoseconds(within, path="within"),
            window_ns=units.nanoseconds(window, path="window"),
            share=units.probability(share, path="share"),
        )

    def __str__(self) -> str:
        """All of it in a line."""
        causes = ", ".join(f"{cause} {count}" for cause, count in self.dropped.items() if count)
        parts = (
            f"{self.data} in {self.duration} ({self.goodput})",
            f"{self.sent.packets} packets sent",
            f"{self.dropped_total} dropped{f' ({causes})' if causes else ''}",
            f"{self.retransmissions} sent again",
        )
        return f"{self.name}: {', '.join(parts)}"

    def __repr__(self) -> str:
        return f"<Flow {self}>"
