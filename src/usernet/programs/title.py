"""Title: what a line is doing, in the title of the terminal's window.

The screen belongs to the program that runs; the title belongs to nobody else. It is put aside
before, and taken back at the end (xterm's control sequences, 22 and 23 of window manipulation).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

from usernet.report import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from usernet.config.link import Link
    from usernet.engine import Statistics

__all__ = ["Title", "is_on_terminal", "line_title"]

_PUSH, _POP = "\033[22;2t", "\033[23;2t"
_SET = "\033]2;{}\033\\"
_DUMB = {"", "dumb", "linux"}
"""Terminals that have no title."""


class Title:
    """The title of the terminal that standard error is on, if it is on one.

    Args:
        wanted: Whether anything is to be shown.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        terminal = os.environ.get("TERM", "")
        self.shown: bool = wanted and is_on_terminal() and terminal not in _DUMB
        self._write(_PUSH)

    def show(self, text: str) -> None:
        """Let the title say this."""
        plain = "".join(character for character in text if character.isprintable())
        self._write(_SET.format(plain))

    def close(self) -> None:
        """Give the terminal its own title back. Safe to call twice."""
        self._write(_POP)
        self.shown = False

    def _write(self, text: str) -> None:
        if self.shown:
            sys.stderr.write(text)
            sys.stderr.flush()


def is_on_terminal() -> bool:
    """Whether standard error is a terminal; a program may be started without any."""
    return bool(sys.stderr) and sys.stderr.isatty()


def line_title(program: str, before: Statistics, now: Statistics, link: Link) -> str:
    """What happened between two looks: rates, delay there and back, loss, open connections."""
    seconds = max(1, now.time_ns - before.time_ns) / 1e9
    rates = (f"{arrow} {_rate(before, now, way, seconds)}" for arrow, way in _WAYS)
    delay = link.up.delay + link.down.delay + sum(_waits(now))
    parts = [*rates, f"{amount.duration(delay)} there and back", *_loss(before, now), *_open(now)]
    return f"{program}: {' · '.join(parts)}"


_WAYS = (("↓", "down"), ("↑", "up"))


def _of(statistics: Statistics, way: str) -> Iterator[Mapping[str, int]]:
    """The counters of a direction and of its flows."""
    for name, one in statistics.impairments.items():
        if name.partition("/")[0] == way:
            yield {"bytes": one.bytes_out, "came": one.packets_in, "lost": one.dropped_total}


def _sum(statistics: Statistics, way: str, what: str) -> int:
    return sum(one[what] for one in _of(statistics, way))


def _rate(before: Statistics, now: Statistics, way: str, seconds: float) -> str:
    grown = _sum(now, way, "bytes") - _sum(before, way, "bytes")
    return amount.rate(grown * 8 / seconds)


def _waits(now: Statistics) -> Iterator[int]:
    return (now.impairments[way].queue_ns for _, way in _WAYS if way in now.impairments)


def _loss(before: Statistics, now: Statistics) -> Iterator[str]:
    came, lost = (
        sum(_sum(now, way, what) - _sum(before, way, what) for _, way in _WAYS)
        for what in ("came", "lost")
    )
    if lost > 0:
        yield f"{amount.share(lost, came)} lost"


def _open(now: Statistics) -> Iterator[str]:
    connections = cast("Mapping[str, int]", now.apps["second"].get("connections", {}))
    if (count := connections.get("open")) is not None:
        yield f"{count} connection{'' if count == 1 else 's'}"
