"""Ending: what a run of a program says when it is over, and what failed beside the program."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Self, TextIO

from usernet.engine.fidelity import fidelity
from usernet.errors import CaptureError
from usernet.programs.live import record, summary
from usernet.programs.title import is_on_terminal

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path
    from types import TracebackType

    from usernet.config.scenario import Scenario
    from usernet.control import Control
    from usernet.engine import Statistics
    from usernet.net.emulation import Emulation
    from usernet.programs.outside import Outside
    from usernet.programs.private import Private
    from usernet.report.connections import Connections

__all__ = ["Ending"]


class Ending:
    """Tells a person on a terminal, and a program that reads a file, how a run went.

    The program's own output is left alone: events go to a file of their own, and a person is told
    after the program has ended, where standard error is a terminal.

    Args:
        command: The program and its arguments.
        quiet: Say nothing but errors.
        events: The file that events are appended to, as JSON; none where None.

    Attributes:
        is_quiet: Whether nothing but errors is said.

    Raises:
        CaptureError: The file cannot be written.
    """

    def __init__(self, command: Sequence[str], *, quiet: bool, events: Path | None) -> None:
        self.is_quiet = quiet
        self._command = command
        self._events = _opened(events) if events else None
        self._failure: CaptureError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._events is not None:
            self._events.close()

    def ready(self, scenario: Scenario, url: str | None = None) -> None:
        """The program runs; the page and the API are there."""
        served = {} if url is None else {"serve": url}
        self._event("ready", program=list(self._command), seed=scenario.seed or 0, **served)

    def stop(self, line: Control | Emulation) -> None:
        """Stop the line, which completes the capture."""
        with self.failing():
            line.stop()

    @contextmanager
    def failing(self) -> Generator[None]:
        """Inside, a capture or a report may fail: that is told at the end."""
        try:
            yield
        except CaptureError as error:
            self._failure = self._failure or error

    def say(
        self,
        statistics: Statistics,
        code: int,
        connections: Connections,
        surroundings: Outside | Private,
    ) -> None:
        """It is over."""
        verdict = fidelity(statistics)
        impairments = {name: record(one) for name, one in statistics.impairments.items()}
        self._event(
            "end",
            code=code,
            fidelity=asdict(verdict),
            impairments=impairments,
            gateway=statistics.apps[surroundings.gateway_app],
        )
        if self.is_quiet or not is_on_terminal():
            return
        for name, one in sorted(statistics.impairments.items(), reverse=True):
            _say(f"{name:<4} {summary(one)}")
        for line in surroundings.told(statistics, connections):
            _say(line)
        _say(f"fidelity: {verdict}")

    def code(self, code: int) -> int:
        """What the command exits with; what failed is told now.

        The program's own code goes first: only a program that did well gives way to the failure.
        """
        if self._failure is None:
            return code
        sys.stderr.write(f"usernet: {self._failure}\n")
        return code or self._failure.exit_code

    def _event(self, event: str, **values: object) -> None:
        if self._events is not None:
            self._events.write(json.dumps({"event": event, **values}) + "\n")
            self._events.flush()


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a", encoding="utf-8")
    except OSError as error:
        problem = f"events cannot be written: {error.strerror}"
        raise CaptureError(problem, file=str(path)) from None


def _say(line: str) -> None:
    sys.stderr.write(f"usernet: {line}\n")
