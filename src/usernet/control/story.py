"""Story: the report of a run so far, as one page."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from usernet import report
from usernet.engine.fidelity import fidelity
from usernet.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.control.control import Control
    from usernet.report import Connections

__all__ = ["Story"]


class Story:
    """Tells what happened on a line.

    Args:
        title: The name of the run.
        facts: What is needed to repeat it.
        connections: Says what a program connected to, where that is known.
    """

    def __init__(
        self,
        title: str,
        facts: Mapping[str, str],
        connections: Callable[[], Connections] | None = None,
    ) -> None:
        self.title = title
        self._facts = facts
        self._connections = connections
        self._connected = report.Connections()

    def connections(self) -> report.Connections:
        """What a program connected to; once the line has ended, as it was when asked last."""
        if self._connections is not None:
            with suppress(EngineError):
                self._connected = self._connections()
        return self._connected

    def html(self, control: Control) -> str:
        """The report as one HTML file, of everything up to now."""
        recording = control.recording()
        statistics = control.statistics()
        link = control.scenario.link
        return report.run_report(
            self.title,
            control.scenario.description,
            recording,
            fidelity(statistics),
            f"up    {link.up.brief()}\ndown  {link.down.brief()}",
            statistics.impairments,
            changes=report.changes_of(control.history()),
            connections=self.connections(),
            facts=self._facts,
        )
