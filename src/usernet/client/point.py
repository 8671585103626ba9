"""Points: what happened on a line in a fifth of a second."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LinePoint", "Point"]


@dataclass(frozen=True, slots=True)
class LinePoint:
    """What happened in one direction, to packets of no flow of its own, or to those of a flow.

    Attributes:
        bits_in: Bits per second that came.
        bits_out: Bits per second that went.
        packets_in: Packets per second that came.
        packets_out: Packets per second that went.
        delay_ns: The delay of one way: what is configured, and the queue.
        queue_ns: How long a packet that comes now stands in the queue.
        queue_bytes: Bytes in the queue.
        queue_packets: Packets in the queue.
        in_flight: Packets in the delay line.
        dropped: Packets dropped since the last point, by cause.
        loss: The share of those that came, 0 to 1.
    """

    bits_in: int
    bits_out: int
    packets_in: float
    packets_out: float
    delay_ns: int
    queue_ns: int
    queue_bytes: int
    queue_packets: int
    in_flight: int
    dropped: Mapping[str, int]
    loss: float


@dataclass(frozen=True, slots=True)
class Point:
    """What happened since the point before.

    Attributes:
        time: Seconds since the line started.
        seconds: How long the point is of.
        position: Seconds of its scenario.
        playing: Whether the scenario's time passes.
        generation: The config that runs.
        lines: ``up`` and ``down``, and ``up/NAME`` and ``down/NAME`` of each flow.
        late: Packets that left more than a millisecond late.
        fidelity: ``trusted``, or ``inconclusive``.
        reason: Why.
    """

    time: float
    seconds: float
    position: float
    playing: bool
    generation: int
    lines: Mapping[str, LinePoint]
    late: int
    fidelity: str
    reason: str

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Read it as the API writes it; what a newer one adds is left out."""
        named = cast("dict[str, dict[str, object]]", values["lines"])
        lines = {name: LinePoint(**_known(LinePoint, one)) for name, one in named.items()}
        return cls(**_known(cls, {**values, "lines": lines}))


def _known(kind: type, values: Mapping[str, object]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind)}
