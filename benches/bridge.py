"""The emulated link without impairments, beside a Linux bridge on the same path."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from pathlib import Path as File
from typing import TYPE_CHECKING

from benches.figures import Figure, at_least, at_most, compiled, run
from usernet.sandbox import SERVER, Path, path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 2
ROUNDS = 3
IDLE_SECONDS = 10.0
PORT = "7777"
SMALL = "18"
"""Bytes of UDP payload in the smallest Ethernet frame."""


def bridge() -> Iterator[Figure]:
    """Through usernet emulate, and through a Linux bridge."""
    with compiled("traffic") as (traffic,), path() as place:
        place.introduce()
        ours, theirs = side_by_side(place, tcp)
        yield at_least(0.75, "TCP, one stream", ours, "Gbit/s", peer=theirs, peer_name="bridge")
        ours, theirs = side_by_side(place, lambda place: udp(place, str(traffic), 0)[1])
        yield at_least(0.9, "18-byte UDP delivered", ours, "k/s", peer=theirs, peer_name="bridge")
        with place.emulate():
            sent, came = udp(place, str(traffic), theirs * 1e3 / 2)
        lost = 100 * (sent - came) / sent
        yield at_most(0, f"UDP lost at half of that, {sent:.0f} k/s", lost, "%")
        ours, theirs = side_by_side(place, ping)
        added = ours - theirs
        yield at_most(60, "round trip added, idle", added, "µs", peer=theirs, peer_name="bridge")
        yield at_most(0.5, "CPU when idle", idle(place), "% of a core")


def side_by_side(place: Path, measure: Callable[[Path], float]) -> tuple[float, float]:
    """The medians of usernet and of the bridge, measured in turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with place.emulate():
            ours.append(measure(place))
        with bridged(place):
            theirs.append(measure(place))
    return sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]


@contextmanager
def bridged(place: Path) -> Iterator[None]:
    """The path, joined by a Linux bridge."""
    place.bridge()
    try:
        yield
    finally:
        place.unbridge()


def tcp(place: Path) -> float:
    """One stream, in Gbit/s, by iperf3."""
    with place.server.start("iperf3", "--server", "--one-off", "--forceflush") as server:
        server.wait_for("Server listening")
        said = place.client.run("iperf3", "-c", SERVER[0], "-t", str(SECONDS), "--json")
    return float(json.loads(said)["end"]["sum_received"]["bits_per_second"]) / 1e9


def udp(place: Path, traffic: str, rate: float) -> tuple[float, float]:
    """Small packets sent and delivered, in thousands a second; flat out at rate 0."""
    words = (SERVER[0], PORT, SMALL, str(SECONDS), str(rate))
    with place.server.start(traffic, "receive", SERVER[0], PORT) as server:
        server.wait_for("ready")
        sent = int(place.client.run(traffic, "send", *words))
        settle(place)
        came = int(server.stop().out.split()[-1])
    return sent / SECONDS / 1e3, came / SECONDS / 1e3


def settle(place: Path) -> None:
    """Wait until what is on the way has come: a ping comes last."""
    place.client.run("ping", "-n", "-c", "3", "-i", "0.1", "-W", "2", SERVER[0])


def ping(place: Path) -> float:
    """The median of 200 idle round trips, in µs."""
    said = place.client.run("ping", "-n", "-c", "200", "-i", "0.005", SERVER[0])
    times = sorted(float(time) * 1e3 for time in re.findall(r"time=([\d.]+) ms", said))
    return times[len(times) // 2]


def idle(place: Path) -> float:
    """What the program uses of a core while nothing comes, in percent."""
    with place.emulate() as line:
        settle(place)
        before = cpu_seconds(line.pid)
        threading.Event().wait(IDLE_SECONDS)
        return 100 * (cpu_seconds(line.pid) - before) / IDLE_SECONDS


def cpu_seconds(pid: int) -> float:
    """Time that a process has run: the sum of its threads' schedstat, in nanoseconds."""
    tasks = File(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    run(bridge)
