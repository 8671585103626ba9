"""Flows on a real line: packets through two interfaces, with 200 flows and with one."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benches.bridge import PORT, SECONDS, SMALL, cpu_seconds, settle
from benches.figures import Figure, at_least, compiled, run
from usernet.sandbox import SERVER, Path, path

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["flow_rate"]

MANY = 200
ROUNDS = 5
_NETWORK = "10.99.0.0/24"
_FIRST = "10.99.0.1"


def flow_rate() -> Iterator[Figure]:
    """200 flows on a real line, beside one.

    Small packets, to 200 hosts in turn; or all to one.
    """
    with compiled("traffic") as (traffic,), path() as place:
        place.introduce()
        place.client.ip(f"route add {_NETWORK} via {SERVER[0]}")
        place.server.ip(f"route add local {_NETWORK} dev lo")
        turns = [
            [_passed(place, str(traffic), hosts) for hosts in (MANY, 1)] for _ in range(ROUNDS)
        ]
    (many, many_ns), (one, one_ns) = (
        (statistics.median(each) for each in zip(*passed, strict=True))
        for passed in zip(*turns, strict=True)
    )
    yield at_least(0.8, f"{MANY} flows, delivered", many, "k/s", peer=one, peer_name="one flow")
    goal = "≤ 1.25 of one flow's"
    met = many_ns <= 1.25 * one_ns
    yield Figure("CPU of a packet", many_ns, "ns", goal, met, one_ns, "one flow")


def _passed(place: Path, traffic: str, hosts: int) -> tuple[float, float]:
    """Packets delivered, in thousands a second, and what one takes of a core, in ns."""
    with (
        place.emulate(*_flows(hosts)) as line,
        place.server.start(traffic, "receive", "0.0.0.0", PORT) as server,
    ):
        server.wait_for("ready")
        before = cpu_seconds(line.pid)
        place.client.run(traffic, "send", _FIRST, PORT, SMALL, str(SECONDS), "0", str(hosts))
        settle(place)
        came = int(server.stop().out.split()[-1])
        return came / SECONDS / 1e3, (cpu_seconds(line.pid) - before) / came * 1e9


def _flows(count: int) -> list[str]:
    """As many flows of a host each, late by a millisecond."""
    base = _NETWORK.removesuffix("0/24")
    each = (
        f"name=f{n} filter='udp and host {base}{n}' up='delay=1ms'" for n in range(1, count + 1)
    )
    return [word for flow in each for word in ("--flow", flow)]


if __name__ == "__main__":
    run(flow_rate)
