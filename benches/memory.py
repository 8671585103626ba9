"""Memory with 500 ms of delay at 20,000 packets a second: 10,000 packets under way."""

from __future__ import annotations

import re
from pathlib import Path as File
from typing import TYPE_CHECKING

from benches.figures import Figure, at_most, compiled, run
from usernet.sandbox import SERVER, path

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 3.0
RATE = 20_000
SIZES = (18, 1400)


def memory() -> Iterator[Figure]:
    """Memory at 500 ms × 20,000 packets/s."""
    for size in SIZES:
        idle, busy = resident(size)
        yield at_most(
            40, f"{size}-byte UDP, the whole process", busy, "MB", peer=idle, peer_name="it, idle"
        )


def resident(size: int) -> tuple[float, float]:
    """The process's memory when idle, and its most after packets came for a while; in MB."""
    with compiled("traffic") as (traffic,), path() as place:
        place.introduce()
        with place.emulate("--delay", "500ms") as line:
            idle = megabytes(line.pid, "VmRSS")
            words = ("send", SERVER[0], "9", str(size), str(SECONDS), str(RATE))
            place.client.run(str(traffic), *words)
            return idle, megabytes(line.pid, "VmHWM")


def megabytes(pid: int, line: str) -> float:
    """A line of proc(5)'s status, in MB."""
    status = File(f"/proc/{pid}/status").read_text()
    (kib,) = re.findall(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
    return int(kib) * 1024 / 1e6


if __name__ == "__main__":
    run(memory)
