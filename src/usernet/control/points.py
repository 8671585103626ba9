"""Points: what the line did between two looks, as rates and gauges that a chart can draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.engine.fidelity import fidelity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.impairment import Impairment
    from usernet.config.link import Link
    from usernet.engine import ImpairmentStatistics, Statistics

__all__ = ["counted", "point"]


def point(before: Statistics, now: Statistics, link: Link) -> dict[str, object]:
    """What happened between two looks.

    Args:
        before: The statistics of the earlier look.
        now: Those of this one.
        link: What the line is now.
    """
    seconds = max(1, now.time_ns - before.time_ns) / 1e9
    told = _impairments(link)
    verdict = fidelity(now)
    late = sum(one.lateness.overruns for one in now.impairments.values()) - sum(
        one.lateness.overruns for one in before.impairments.values()
    )
    return {
        "time": now.time_ns / 1e9,
        "seconds": seconds,
        "lines": {
            name: _line(before.impairments.get(name), one, told.get(name), seconds)
            for name, one in now.impairments.items()
        },
        "late": max(0, late),
        "fidelity": verdict.verdict,
        "reason": verdict.reason,
    }


def counted(statistics: Statistics) -> dict[str, object]:
    """Everything that was counted of each impairment, as plain values."""
    return {name: one.plain() for name, one in statistics.impairments.items()}


def _line(
    before: ImpairmentStatistics | None,
    now: ImpairmentStatistics,
    told: Impairment | None,
    seconds: float,
) -> dict[str, object]:
    delay = now.queue_ns + (told.delay if told else 0)
    if before is now:
        return {**_NOTHING, **_held(now), "delay_ns": delay}

    def grown(name: str) -> int:
        old = getattr(before, name) if before else 0
        count = getattr(now, name)
        return int(count - old if count >= old else count)

    old_drops: Mapping[str, int] = before.dropped if before else {}
    drops = {cause: count - old_drops.get(cause, 0) for cause, count in now.dropped.items()}
    came, lost = grown("packets_in"), max(0, sum(drops.values()))
    return {
        "bits_in": round(grown("bytes_in") * 8 / seconds),
        "bits_out": round(grown("bytes_out") * 8 / seconds),
        "packets_in": round(came / seconds, 1),
        "packets_out": round(grown("packets_out") / seconds, 1),
        "delay_ns": delay,
        **_held(now),
        "dropped": {cause: count for cause, count in drops.items() if count > 0},
        "loss": round(lost / came, 6) if came else 0.0,
    }


def _held(now: ImpairmentStatistics) -> dict[str, object]:
    return {
        "queue_ns": now.queue_ns,
        "queue_bytes": now.queue_bytes,
        "queue_packets": now.queue_packets,
        "in_flight": now.delayed,
    }


_NOTHING: dict[str, object] = {
    "bits_in": 0,
    "bits_out": 0,
    "packets_in": 0.0,
    "packets_out": 0.0,
    "dropped": {},
    "loss": 0.0,
}
"""What passed where nothing was counted."""


def _impairments(link: Link) -> dict[str, Impairment]:
    parts = {f"{way}/{part.name}": getattr(part, way) for part in link.parts for way in _WAYS}
    return {"up": link.up, "down": link.down, **parts}


_WAYS = ("up", "down")
