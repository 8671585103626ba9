"""mahimahi's traces: when a link may send, one full packet at a time.

A trace is text: each line is a whole number of milliseconds from the start, none below the one
before, and the last is not 0. A line is an opportunity to send `PACKET` bytes at that time;
several equal lines are several. After the last line it starts again, that much later.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LARGEST_FILE",
    "MOST_LINES",
    "PACKET",
    "generate",
    "mean_rate",
    "parse",
    "read",
    "text",
    "wander",
]

PACKET = 1500
"""Bytes of IP that one opportunity carries."""
LARGEST_FILE = 16 * 2**20
"""Files above this many bytes are refused."""
MOST_LINES = 10**7
"""Traces above this many opportunities are refused."""

_LATEST = 2**53  # milliseconds that a float still counts one by one
_DIGITS = 16


def read(path: str | Path) -> tuple[int, ...]:
    """Read a trace file.

    Raises:
        TraceError: If it is not a trace; with the line.
        OSError: If it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise TraceError(f"a trace has up to {LARGEST_FILE >> 20} MiB", file=str(path))
    return parse(content.decode("ascii", "replace"), file=str(path))


def parse(content: str, *, file: str | None = None) -> tuple[int, ...]:
    """Read the text of a trace; empty lines at its end do not count.

    Args:
        content: The text.
        file: Its name, for errors.

    Raises:
        TraceError: If it is not a trace; with the line.
    """
    lines = content.rstrip().splitlines()
    if len(lines) > MOST_LINES:
        raise TraceError(f"a trace has up to {MOST_LINES} lines", file=file)
    times: list[int] = []
    for number, line in enumerate(lines, start=1):
        times.append(_time(line, file, number))
        if number > 1 and times[-1] < times[-2]:
            problem = f"{times[-1]} ms after {times[-2]} ms: the times of a trace do not fall"
            raise TraceError(problem, file=file, line=number)
    if not times or times[-1] == 0:
        raise TraceError("a trace lasts longer than 0 ms", file=file, line=len(lines) or None)
    return tuple(times)


def text(times: Sequence[int]) -> str:
    """The text of a trace, which `parse` reads."""
    return "".join(f"{time}\n" for time in times)


def mean_rate(times: Sequence[int]) -> int:
    """The mean rate of a trace in bits per second, of full packets."""
    return len(times) * PACKET * 8 * 1000 // times[-1]


def generate(rates: Sequence[float], *, seed: int) -> tuple[int, ...]:
    """Make a trace: opportunities at random (Poisson) around a rate that changes each second.

    Args:
        rates: Mean rate in bits per second, of each second.
        seed: Seed of the randomness.

    Raises:
        TraceError: If the rates leave no opportunity.
    """
    chance = random.Random(seed)
    times: list[int] = []
    for second, rate in enumerate(rates):
        times += _second(second, rate / (PACKET * 8), chance)
    if not times or times[-1] == 0:
        raise TraceError("rates this low leave no opportunity to send")
    return tuple(times)


def wander(mean: float, seconds: int, *, spread: float, memory: float, seed: int) -> list[float]:
    """Rates, one a second, that wander around a mean: their logarithm is an AR(1) process.

    Args:
        mean: Mean rate in bits per second; the rates are scaled to have it exactly.
        seconds: How many.
        spread: Standard deviation of the logarithm.
        memory: Correlation of the logarithm from one second to the next, 0 to 1.
        seed: Seed of the randomness.
    """
    chance = random.Random(seed)
    level = chance.gauss(0, spread)
    rates: list[float] = []
    for _ in range(seconds):
        rates.append(math.exp(level))
        level = memory * level + math.sqrt(1 - memory**2) * chance.gauss(0, spread)
    scale = mean * seconds / math.fsum(rates)
    return [rate * scale for rate in rates]


def _time(line: str, file: str | None, number: int) -> int:
    word = line.strip()
    if not (word.isascii() and word.isdigit() and len(word) <= _DIGITS and int(word) <= _LATEST):
        problem = f"{word[:20]!r} is not a whole number of milliseconds"
        raise TraceError(problem, file=file, line=number)
    return int(word)


def _second(second: int, packets: float, chance: random.Random) -> list[int]:
    """The opportunities of one second, in milliseconds from the start of the trace."""
    times: list[int] = []
    moment = chance.expovariate(packets) if packets > 0 else 1.0
    while moment < 1:
        times.append(second * 1000 + int(moment * 1000))
        moment += chance.expovariate(packets)
    return times
