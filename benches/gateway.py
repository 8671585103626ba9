"""From inside ``usernet run`` to a server on the machine, beside its peers and a mere copy."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benches import ways
from benches.bridge import IDLE_SECONDS, ROUNDS, SECONDS, cpu_seconds
from benches.figures import Figure, at_least, at_most, compiled, run
from benches.ways import LARGEST_MTU, MTU, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Measure = Callable[[Way], float]

CONNECTIONS = 4000
"""In one measurement: fewer than a machine has ports for."""
SMALL = "64"
PEER = 5
"""How many times faster than a peer at the same MTU."""
LIMIT = 0.4
"""Of what the machine can do at most."""
OURS, COPIED = "usernet", "copying"


def gateway() -> Iterator[Figure]:
    """From inside usernet run to the machine."""
    with compiled("traffic", "connect") as (traffic, connect), ExitStack() as stack:
        bench = Bench({name: stack.enter_context(way) for name, way in networks()})
        yield from bench.streams("up", partial(tcp, options=()))
        yield from bench.streams("down", partial(tcp, options=("--reverse",)))
        yield from bench.beside_pasta("connections", partial(connections, str(connect)), "/s")
        yield from bench.shown(f"UDP of {SMALL} B delivered", partial(udp, str(traffic)), "k/s")
        yield from bench.shown("round trip, idle", ping, "µs")
        yield at_most(0.5, "CPU when idle", idle(bench.ways[OURS]), "% of a core")


def networks() -> Iterator[tuple[str, AbstractContextManager[Way]]]:
    """Ours, what only copies, and the peers that are here, with two MTUs each."""
    yield OURS, ways.ours(MTU)
    yield COPIED, ways.copied()
    for name, way in ways.peers().items():
        for mtu in (MTU, LARGEST_MTU):
            yield f"{name} {mtu}", way(mtu)


@dataclass(frozen=True, slots=True)
class Bench:
    """The networks, all there at once and used in turns.

    Attributes:
        ways: Each by its name.
    """

    ways: dict[str, Way]

    def medians(self, measure: Measure, *, without: tuple[str, ...] = ()) -> dict[str, float]:
        """What each does, in turns."""
        names = [name for name in self.ways if name not in without]
        rounds = [{name: measure(self.ways[name]) for name in names} for _ in range(ROUNDS)]
        return {name: sorted(one[name] for one in rounds)[ROUNDS // 2] for name in names}

    def streams(self, direction: str, measure: Measure) -> Iterator[Figure]:
        """One TCP stream, in Gbit/s."""
        rates = self.medians(measure)
        ours, work = rates.pop(OURS), f"TCP {direction}, MTU {MTU}"
        for name, rate in rates.items():
            share = LIMIT if name == COPIED else PEER if name.endswith(f" {MTU}") else None
            yield compared(share, work, (ours, "Gbit/s"), (name, rate))

    def beside_pasta(self, work: str, measure: Measure, unit: str) -> Iterator[Figure]:
        """What should be no less than pasta's."""
        rates = self.medians(measure, without=(COPIED,))
        ours = rates.pop(OURS)
        for name, rate in at_our_mtu(rates):
            yield compared(
                1 if name.startswith("pasta") else None, work, (ours, unit), (name, rate)
            )

    def shown(self, work: str, measure: Measure, unit: str) -> Iterator[Figure]:
        """What has no goal."""
        rates = self.medians(measure)
        ours = rates.pop(OURS)
        for name, rate in at_our_mtu(rates):
            yield compared(None, work, (ours, unit), (name, rate))


def at_our_mtu(rates: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Those whose MTU is ours, and that could be measured."""
    ours = {name: rate for name, rate in rates.items() if not name.endswith(f" {LARGEST_MTU}")}
    yield from ((name, rate) for name, rate in ours.items() if rate)


def compared(
    share: float | None, work: str, usernet: tuple[float, str], peer: tuple[str, float]
) -> Figure:
    """A figure beside a peer's, with a goal or only to be seen."""
    (ours, unit), (name, rate) = usernet, peer
    if share is None:
        return Figure(work, ours, unit, "", met=True, peer=rate, peer_name=name)
    return at_least(share, work, ours, unit, peer=rate, peer_name=name)


def tcp(way: Way, options: tuple[str, ...]) -> float:
    """One stream, in Gbit/s, by iperf3."""
    port = free_port()
    with way.serve("iperf3", "-s", "-1", "-B", way.address, "-p", port, "--forceflush") as server:
        server.wait_for("Server listening")
        words = ("-c", way.server, "-p", port, "-t", str(SECONDS), "--json", *options)
        said = way.run("iperf3", *words)
    return float(json.loads(said)["end"]["sum_received"]["bits_per_second"]) / 1e9


def connections(connect: str, way: Way) -> float:
    """Short connections made in a second, some at once."""
    with way.serve(connect, "serve", way.address) as server:
        port = server.wait_for("port").split()[1]
        return float(way.run(connect, "open", way.server, port, str(CONNECTIONS)))


def udp(traffic: str, way: Way) -> float:
    """Small packets delivered of as many as can be sent, in thousands a second."""
    port = free_port()
    with way.serve(traffic, "receive", way.address, port) as server:
        server.wait_for("ready")
        way.run(traffic, "send", way.server, port, SMALL, str(SECONDS), "0")
        threading.Event().wait(0.2)
        return int(server.stop().out.split()[-1]) / SECONDS / 1e3


def ping(way: Way) -> float:
    """The median of 200 idle round trips, in µs; 0 where the way has no ping."""
    count = "200"
    words = ("ping", "-n", "-c", count, "-i", "0.005", "-W", "1", way.server)
    said = way.run("sh", "-c", f"{' '.join(words)} || true")
    times = sorted(float(time) * 1e3 for time in re.findall(r"time=([\d.]+) ms", said))
    return times[len(times) // 2] if times else 0.0


def idle(way: Way) -> float:
    """What the network's process uses of a core while nothing comes, in percent."""
    before = cpu_seconds(way.carrier)
    threading.Event().wait(IDLE_SECONDS)
    return 100 * (cpu_seconds(way.carrier) - before) / IDLE_SECONDS


def free_port() -> str:
    """A port that nobody on the machine has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


if __name__ == "__main__":
    run(gateway)
