"""The engine: packets through a graph built from Python, beside the same operations in plain C."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from benches.figures import Figure, at_most, compiled, run
from usernet.net import speed

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 1.0
ROUNDS = 3


def engine() -> Iterator[Figure]:
    """Packets through the engine."""
    with compiled("plain") as (plain,):
        pairs = [(speed.basic1(SECONDS), in_c(str(plain))) for _ in range(ROUNDS)]
    ours, theirs = (sorted(column)[ROUNDS // 2] for column in zip(*pairs, strict=True))
    yield Figure(
        "source → tee → sink", ours, "Mpps", "≥ 80 Mpps", ours >= 80, theirs, "the same in plain C"
    )
    yield at_most(4, "each further app, a packet", speed.ns_per_app(SECONDS), "ns")
    emulated = speed.ns_per_emulated_packet(SECONDS)
    yield at_most(150, "one packet through queue, rate, delay, jitter and loss", emulated, "ns")


def in_c(plain: str) -> float:
    """Millions of packets a second, in C."""
    ran = subprocess.run([plain, "60", str(SECONDS)], capture_output=True, text=True, check=True)
    return float(ran.stdout)


if __name__ == "__main__":
    run(engine)
