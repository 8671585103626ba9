"""Signals: Ctrl-C, SIGTERM and SIGHUP ask a program to end; the second time they end it."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Stopped", "stop_signals"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stopped:
    """Whether a signal has come; true in a condition once it has."""

    by: int | None = None

    def __bool__(self) -> bool:
        return self.by is not None


@contextmanager
def stop_signals() -> Iterator[Stopped]:
    """Inside, the first signal that asks to end is noted; a second one has its usual effect."""
    stopped = Stopped()
    before = {number: signal.getsignal(number) for number in _ENDING}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        stopped.by = number
        restore()

    for number in _ENDING:
        signal.signal(number, note)
    try:
        yield stopped
    finally:
        restore()
