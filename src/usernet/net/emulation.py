"""An emulated link between two interfaces, which follows its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.config.apps import App, PcapWriter
from usernet.config.topology import Topology
from usernet.engine import Engine, Statistics
from usernet.net.course import AHEAD_NS, Course
from usernet.net.line import CAPTURE, End, Line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from usernet.config.host import Medium
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario

__all__ = ["Emulation", "Ends", "topology"]


@dataclass(frozen=True, slots=True)
class Ends:
    """What the link joins, and what writes its packets down.

    Attributes:
        first: Packets go up from here.
        second: Packets go down from here.
        capture: A file for what comes out and what is dropped; none where None.
        medium: What both ends send.
    """

    first: App
    second: App
    capture: Path | None = None
    medium: Medium = "ethernet"


def topology(link: Link, ends: Ends) -> Topology:
    """The graph of an emulated link.

    Raises:
        ConfigError: A flow's filter is wrong.
    """
    graph = _line(link, ends).graph()
    apps: dict[str, App] = {"first": ends.first, "second": ends.second, **graph.apps}
    if ends.capture is not None:  # last: what fails before it leaves the file alone
        apps[CAPTURE] = PcapWriter(ends.capture, ("up", "down"))
    return Topology(apps, graph.links)


def _line(link: Link, ends: Ends) -> Line:
    return Line(
        link,
        End("first"),
        End("second"),
        ethernet=ends.medium == "ethernet",
        captured=ends.capture is not None,
    )


class Emulation:
    """An emulated link that runs in real time and follows its scenario.

    Args:
        scenario: The link, and how it changes.
        ends: What it joins.
        seed: What all randomness follows from.
        precise: Spin for the last 80 µs before each deadline.

    Raises:
        ConfigError: A flow's filter is wrong.
        InterfaceError: An interface is missing.
        PrivilegeError: The system forbids it.
        CaptureError: The capture cannot be written.
    """

    def __init__(
        self, scenario: Scenario, ends: Ends, *, seed: int = 0, precise: bool = False
    ) -> None:
        line = _line(scenario.link, ends)
        self._course = Course(scenario, line.impairments)
        self._engine = Engine(seed=seed, precise=precise)
        self._engine.configure(topology(self._course.link, ends))
        self._start_ns = self._engine.now()
        self._course.begin(self._start_ns)
        self._plan()

    def check(self) -> None:
        """See after it: to be called each few seconds, or the timeline stands still.

        Raises:
            CaptureError: The capture could not be written.
            EngineError: The engine has stopped.
        """
        self._plan()
        self._engine.wait(0)

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath."""
        return self._engine.statistics()

    def series(self, app: str) -> Mapping[str, object]:
        """What an app has written down over time: ``first`` and ``second`` are the ends."""
        return self._engine.series(app)

    @property
    def link(self) -> Link:
        """The link as it is now."""
        self._course.forget(self._engine.now())
        return self._course.link

    def elapsed_ns(self) -> int:
        """How long it has run."""
        return self._engine.now() - self._start_ns

    def stop(self) -> None:
        """Stop; the interfaces are left as they were.

        Raises:
            CaptureError: The end of the capture could not be written.
        """
        self._engine.stop()

    def _plan(self) -> None:
        """Tell the engine what the next seconds hold."""
        self._course.plan(self._engine, self._engine.now() + AHEAD_NS)
