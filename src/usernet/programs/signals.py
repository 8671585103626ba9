"""Signals: Ctrl-C, SIGTERM and SIGHUP ask a program to end; the second time they end it.

A program with files that can be read again does so for SIGHUP, as daemons do, unless SIGHUP comes
because its terminal has gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

__all__ = ["HasFileno", "Stopped", "stop_signals"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class HasFileno(Protocol):
    """What can become readable."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


class Stopped:
    """Whether a signal has come; true in a condition once it has."""

    def __init__(self) -> None:
        self._by: int | None = None
        self._is_asked_again = False
        self._reads, self._writes = socket.socketpair()
        self._writes.setblocking(False)

    def __bool__(self) -> bool:
        return self._by is not None

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """A signal has come; a handler as `signal.signal` takes it."""
        self._by = number

    def note_again(self) -> None:
        """Somebody wants the files to be read again."""
        self._is_asked_again = True

    def take_again(self) -> bool:
        """Whether somebody has wanted that since the last call."""
        wanted, self._is_asked_again = self._is_asked_again, False
        return wanted

    def wait(self, seconds: float, *others: HasFileno) -> None:
        """Sleep so long, or until a signal comes, or something else becomes readable."""
        if not self:
            woken, _, _ = select.select([self._reads, *others], [], [], seconds)
            if self._reads in woken:
                self._reads.recv(64)

    def fileno(self) -> int:
        """Where the interpreter writes a byte when a signal comes."""
        return self._writes.fileno()

    def close(self) -> None:
        """Give both ends back."""
        self._reads.close()
        self._writes.close()


@contextmanager
def stop_signals(*, reads_again: bool = False) -> Generator[Stopped]:
    """Inside, the first signal that asks to end is noted; a second one has its usual effect.

    Args:
        reads_again: SIGHUP asks to read files again, as long as the terminal is there.
    """
    stopped = Stopped()
    before = {number: signal.getsignal(number) for number in _ENDING}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    had_terminal = _has_terminal()

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and reads_again and _has_terminal() == had_terminal:
            stopped.note_again()
            return
        stopped.note(number, frame)
        restore()

    for number in _ENDING:
        signal.signal(number, note)
    wakes = signal.set_wakeup_fd(stopped.fileno(), warn_on_full_buffer=False)
    try:
        yield stopped
    finally:
        signal.set_wakeup_fd(wakes)
        restore()
        stopped.close()


def _has_terminal() -> bool:
    """Whether there is a controlling terminal: a shell's, and not a service's (tty(4))."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
