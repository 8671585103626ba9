"""Signals of the processes around a program: noted as they come, in place of their usual effect."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

Handler = Callable[[int, FrameType | None], object] | int | None
"""What `signal.getsignal` gives."""

__all__ = ["PASSED_ON", "Watch", "held_back"]

PASSED_ON = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""What a program is to hear of. Those that the terminal's keys send it gets without us."""
_PYTHONS = (signal.SIGPIPE, signal.SIGXFSZ)
"""What Python ignores, and other programs do not (signal(3) of Python)."""


@contextmanager
def held_back() -> Generator[None]:
    """Inside, signals wait: so that a process can be forked that has handlers of its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Watch:
    """Notes signals; those that were ignored before stay so.

    The terminal may be written to from the background: SIGTTOU is ignored.

    Args:
        more: Signals to note beside `PASSED_ON`.
        outer: In a forked process, what the process that it comes from has.

    Attributes:
        mask: The signals that were blocked when the first of these processes started.
    """

    def __init__(self, more: Iterable[signal.Signals] = (), outer: Watch | None = None) -> None:
        self._reads, self._writes = socket.socketpair()
        for end in (self._reads, self._writes):
            end.setblocking(False)
        self.mask: set[int] = outer.mask if outer else _mask()
        self._before: dict[int, Handler] = dict(outer._before) if outer else {}
        for number in (*(() if outer else PASSED_ON), *more):
            self._take(number, _nothing)
        if not outer:
            self._take(signal.SIGTTOU, signal.SIG_IGN)
        self._wakes = signal.set_wakeup_fd(self._writes.fileno(), warn_on_full_buffer=False)

    def _take(self, number: signal.Signals, handler: Handler) -> None:
        before = signal.getsignal(number)
        if before != signal.SIG_IGN:
            self._before[number] = before
            signal.signal(number, handler)

    def fileno(self) -> int:
        """Readable when signals have come."""
        return self._reads.fileno()

    def numbers(self) -> bytes:
        """Those that have come since the last call, in order."""
        try:
            return self._reads.recv(4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Signals have their former effect again. Safe to call twice."""
        if self._before:
            signal.set_wakeup_fd(self._wakes)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        self._reads.close()
        self._writes.close()

    def forget(self) -> None:
        """In a forked process that becomes another program: all as that program expects it."""
        for number in (*self._before, *_PYTHONS):
            signal.signal(number, signal.SIG_DFL)


def _mask() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def _nothing(*_: object) -> None:
    """A handler, so that the interpreter tells of the signal; a program's start forgets it."""
