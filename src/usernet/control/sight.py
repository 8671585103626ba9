"""Sight: who talks on a line and what it dropped, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.engine.drops import Drop, Drops
    from usernet.engine.talkers import Talkers
    from usernet.net.emulation import Emulation

__all__ = ["drops", "talkers"]

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


def talkers(emulation: Emulation) -> dict[str, object]:
    """Who talks most in each direction, since the start."""
    return {way: _talkers(emulation.talkers(way)) for way in ("up", "down")}


def drops(found: Drops) -> dict[str, object]:
    """The latest drops, oldest first, and how many there were in all."""
    return {"count": found.count, "latest": [_drop(one) for one in found.latest]}


def _talkers(found: Talkers) -> dict[str, object]:
    return {
        "first": [
            {
                "address": one.address,
                "port": one.port,
                "protocol": _name(one.protocol),
                "packets": one.packets,
                "bytes": one.bytes,
            }
            for one in found.first
        ],
        "other_packets": found.other_packets,
        "other_bytes": found.other_bytes,
        "exact": found.is_exact,
    }


def _drop(one: Drop) -> dict[str, object]:
    return {
        "number": one.number,
        "time": one.time_ns / 1e9,
        "direction": one.direction,
        "flow": one.flow,
        "cause": one.cause,
        "packets": one.packets,
        "length": one.length,
        "protocol": None if one.protocol is None else _name(one.protocol),
        "source": _end(one.source, one.source_port),
        "destination": _end(one.destination, one.destination_port),
    }


def _name(protocol: int) -> str:
    return _PROTOCOLS.get(protocol, f"proto {protocol}")


def _end(address: str | None, port: int | None) -> str | None:
    if address is None or port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
