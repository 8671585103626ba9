"""Command: a program that runs, whose lines can be waited for."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["Command", "Ended"]

_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: Its exit code; minus the signal's number if a signal ended it.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: str
    err: str


class Command:
    """A running program.

    Args:
        words: Its command line.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._changed = threading.Condition()
        self._streams = 2
        self._out: list[str] = []
        self._err: list[str] = []
        self._readers = (
            self._reader(self._process.stdout, self._out),
            self._reader(self._process.stderr, self._err),
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_for(self, text: str, timeout: float = _PATIENCE) -> str:
        """Wait until it has written a line with this text, to standard output or error.

        Args:
            text: Part of the line.
            timeout: In seconds.

        Returns:
            The line.

        Raises:
            ChildProcessError: It ended without it; the message has what it wrote instead.
            TimeoutError: It did not write it in time.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while (line := self._line(text)) is None:
                if not self._streams:
                    raise ChildProcessError(f"ended without “{text}”: {self._said()}")
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no “{text}” in {timeout:g} s: {self._said()}")
        return line

    def wait(self, timeout: float = _PATIENCE) -> Ended:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It did not end in time, in seconds.
        """
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return Ended(code, "".join(self._out), "".join(self._err))

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = _PATIENCE) -> Ended:
        """Send it a signal, and wait for its end."""
        self._process.send_signal(how)
        return self.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()

    def _reader(self, stream: IO[str], lines: list[str]) -> threading.Thread:
        thread = threading.Thread(target=self._read, args=(stream, lines), daemon=True)
        thread.start()
        return thread

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._streams -= 1
            self._changed.notify_all()

    def _line(self, text: str) -> str | None:
        return next((line for line in (*self._out, *self._err) if text in line), None)

    def _said(self) -> str:
        return "".join((*self._out, *self._err)).strip() or "it said nothing"
