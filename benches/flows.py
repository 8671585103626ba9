"""Flows: what many filters cost, and how soon a change is in the path of packets."""

from __future__ import annotations

import struct
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benches.figures import Figure, at_most, run
from usernet.config.apps import App, Join, PcapReader, Repeater, Sink, Tee
from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link
from usernet.config.scenario import Scenario
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine
from usernet.net.emulation import Emulation, Ends
from usernet.net.line import End, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 200
SECONDS = 2.4
SLICES = 12
CHANGES = 300
LINE = Impairment(delay="1ms")


def flows() -> Iterator[Figure]:
    """Many flows beside one."""
    with tempfile.TemporaryDirectory() as folder:
        one, last, spread = (capture(Path(folder), ports) for ports in (1, -1, MANY))
        alone = ns_per_packet(1, one)
        yield _beside("200 flows, packets of the last", ns_per_packet(MANY, last), alone)
        yield _beside("200 flows, packets of all of them", ns_per_packet(MANY, spread), alone)
        yield at_most(5, "a value set → in the path, p99", change_ms(1), "ms")
        yield at_most(5, "the same beside 200 flows, p99", change_ms(MANY), "ms")


def _beside(work: str, many: float, alone: float) -> Figure:
    """A rate may be a fifth less: a packet may take a quarter longer."""
    return Figure(
        work, many, "ns a packet", "≤ 1.25 of one flow's", many <= alone * 1.25, alone, "one flow"
    )


def capture(folder: Path, ports: int) -> Path:
    """A capture of UDP packets over IP: to the first port, the last (-1), or as many."""
    chosen = [MANY - 1] if ports < 0 else range(ports)
    packets = [
        _udp(1000 + chosen[index % len(chosen)], index // len(chosen) % 5) for index in range(2000)
    ]
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    records = (struct.pack("<IIII", 0, 0, len(one), len(one)) + one for one in packets)
    path = folder / f"{ports}.pcap"
    path.write_bytes(head + b"".join(records))
    return path


def _udp(port: int, source: int) -> bytes:
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    header = struct.pack(">BBHHHBBH", 0x45, 0, 60, 0, 0, 64, 17, 0) + addresses
    return header + struct.pack(">HHHH", 40000 + source, port, 40, 0) + bytes(32)


def graph(count: int, path: Path) -> Topology:
    """Packets of a capture, again and again, through a line with so many flows."""
    each = tuple(Flow(f"f{n}", f"udp and remote port {1000 + n}", up=LINE) for n in range(count))
    emulated = Line(
        Link(LINE, LINE, each),
        End("in", "none"),
        End("out", "rx", "none"),
        ethernet=False,
        watched=True,
    ).graph()
    apps: dict[str, App] = {
        "read": PcapReader(path),
        "again": Repeater(),
        "in": Join(),
        "out": Sink(),
    }
    ways = {parse_connection(text) for text in ("read.tx -> again.rx", "again.tx -> in.again")}
    up = {one for one in emulated.links if "down" not in str(one)}
    there = {name: app for name, app in emulated.apps.items() if "down" not in name}
    return Topology(apps | there, frozenset(ways | up))


def ns_per_packet(count: int, path: Path) -> float:
    """What a packet takes: the best of several slices, as whatever else runs can only slow it."""
    engine = Engine()
    engine.configure(graph(count, path))
    marks: list[tuple[int, int]] = []
    for _ in range(SLICES + 1):
        engine.wait(SECONDS / SLICES)
        statistics = engine.statistics()
        marks.append((statistics.time_ns, statistics.links["in.tx -> up/split.rx"].packets))
    engine.stop()
    return min(
        (later - time) / max(1, more - some) for (time, some), (later, more) in pairwise(marks)
    )


def change_ms(count: int) -> float:
    """How long it takes until packets meet another value, at worst in 99 of 100 cases."""
    each = tuple(Flow(f"f{n}", f"udp and remote port {1000 + n}", up=LINE) for n in range(count))
    link = Link(LINE, LINE, each)
    emulation = Emulation(Scenario(link), Ends(Tee(), Tee()))  # a ring in which nothing comes
    took: list[float] = []
    for index in range(CHANGES):
        last = replace(each[-1], up=Impairment(delay=f"{index % 7 + 1}ms"))
        changed = Scenario(replace(link, flows=(*each[:-1], last)))
        begun = time.perf_counter()
        emulation.change(changed)
        took.append((time.perf_counter() - begun) * 1000)
    emulation.stop()
    return sorted(took)[int(CHANGES * 0.99)]


if __name__ == "__main__":
    run(flows)
