"""Capturing: the capture that is begun and ended while a line runs, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.errors import CaptureError
    from usernet.net.emulation import Emulation

__all__ = ["Capture", "Capturing"]


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture that was begun while the line runs.

    Attributes:
        path: Its file.
        is_running: Whether it is written now.
    """

    path: Path
    is_running: bool


class Capturing:
    """Begins and ends captures of a line, one at a time.

    Args:
        emulation: The line that runs.

    Attributes:
        latest: The capture that was begun last.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        self._failed: CaptureError | None = None
        self.latest: Capture | None = None

    @property
    def is_running(self) -> bool:
        """Whether one is written that was begun here."""
        return self.latest is not None and self.latest.is_running

    def start(self, path: Path) -> Capture:
        """Write a capture from now on.

        Raises:
            ConfigError: One is written already.
            CaptureError: It cannot be written.
        """
        if (present := self._emulation.captured) is not None:
            problem = "a capture is written already"
            raise ConfigError(problem, value=str(present), allowed="one at a time")
        self._emulation.capture(path)
        self.latest, self._failed = Capture(path, is_running=True), None
        return self.latest

    def stop(self) -> Capture:
        """End the capture.

        Raises:
            ConfigError: None is written that was begun here.
            CaptureError: Its end could not be written; it has ended all the same.
        """
        if self.latest is None or not self.latest.is_running:
            raise self._failed or ConfigError("no capture is written that was begun here")
        self.latest = replace(self.latest, is_running=False)
        self._emulation.capture(None)
        self._emulation.engine.wait(0)  # what failed in it
        return self.latest

    def state(self) -> dict[str, object]:
        """Whether any is written, and whether one is there to be had, as plain values."""
        return {
            "running": self._emulation.captured is not None,
            "available": self.latest is not None,
        }

    def is_own(self, error: CaptureError) -> bool:
        """Whether it is the capture that was begun here: the engine tells that for ever after."""
        return self.latest is not None and str(self.latest.path) in str(error)

    def fail(self, error: CaptureError) -> bool:
        """What was begun here has failed; whether that is news."""
        is_news = str(error) != str(self._failed)
        self._failed = error
        return is_news
