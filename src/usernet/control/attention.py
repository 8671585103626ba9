"""Attention: how often a line is to be looked at, which depends on who watches it."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress

__all__ = ["SAMPLE_NS", "Attention"]

SAMPLE_NS = 200_000_000
"""Time between two points, in nanoseconds."""
_UNSEEN_NS = 2_000_000_000
"""Between two looks at a line that nobody watches; the engine is told what 5 seconds hold."""
_ASKED_NS = 10_000_000_000
"""Who has asked for points asks again within so long, or watches no more."""


class Attention:
    """Wakes whoever looks after a line when somebody begins to watch."""

    def __init__(self) -> None:
        self._asked_ns = -_ASKED_NS
        self._news = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._news)

    def ask(self, now_ns: int) -> None:
        """Somebody asks for points."""
        if now_ns >= self._asked_ns + _ASKED_NS:
            self.begin()
        self._asked_ns = now_ns

    def begin(self) -> None:
        """Somebody begins to watch."""
        os.eventfd_write(self._news, 1)

    def fileno(self) -> int:
        """Readable from then on until `take`."""
        return self._news

    def take(self) -> None:
        """The line is looked at."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._news)

    def pause(self, now_ns: int, *, is_watched: bool) -> float:
        """How many seconds may pass until the next look."""
        is_seen = is_watched or now_ns < self._asked_ns + _ASKED_NS
        return (SAMPLE_NS if is_seen else _UNSEEN_NS) / 1e9
