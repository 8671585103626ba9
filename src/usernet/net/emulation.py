"""An emulated link between two interfaces: its graph, and how it follows a scenario.

::

    first.tx ─ up ─ second.rx          up may be split into flows, each with an impairment of
    second.tx ─ down ─ first.rx        its own, and written to a capture on its way out
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.config import timeline
from usernet.config.apps import App, Join, PcapWriter, Split, Tee
from usernet.config.topology import Connection, Topology
from usernet.engine import Engine, Statistics
from usernet.engine.actions import diff
from usernet.engine.filters import compile_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usernet.config.impairment import Impairment
    from usernet.config.link import Flow, Link
    from usernet.config.scenario import Scenario

__all__ = ["Emulation", "Ends", "topology"]

AHEAD_NS = 5_000_000_000
"""How far ahead the engine is told what the timeline holds."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What the link joins, and what writes its packets down.

    Attributes:
        first: Packets go up from here.
        second: Packets go down from here.
        capture: A file for what comes out and what is dropped; none where None.
    """

    first: App
    second: App
    capture: Path | None = None


@dataclass(frozen=True, slots=True)
class _Direction:
    name: str
    before: str
    after: str
    impairment: Impairment
    flows: tuple[tuple[Flow, Impairment], ...]


def topology(link: Link, ends: Ends) -> Topology:
    """The graph of an emulated link.

    Raises:
        ConfigError: A flow's filter is wrong.
    """
    up = tuple((flow, flow.up) for flow in link.flows)
    down = tuple((flow, flow.down) for flow in link.flows)
    apps: dict[str, App] = {"first": ends.first, "second": ends.second}
    links: set[Connection] = set()
    for direction in (
        _Direction("up", "first", "second", link.up, up),
        _Direction("down", "second", "first", link.down, down),
    ):
        _add(direction, apps, links, captured=ends.capture is not None)
    if ends.capture is not None:  # last: what fails before it leaves the file alone
        apps["capture"] = PcapWriter(ends.capture, ("up", "down"))
    return Topology(apps, frozenset(links))


def _add(
    direction: _Direction, apps: dict[str, App], links: set[Connection], *, captured: bool
) -> None:
    name = direction.name
    apps[name] = direction.impairment
    outputs = [name]
    if direction.flows:
        outputs += _add_flows(direction, apps, links)
    else:
        links.add(Connection(direction.before, "tx", name, "rx"))
    last = _joined(outputs, "tx", f"{name}/join", apps, links)
    if captured:
        last = _captured(name, last, apps, links)
        dropped = _joined(outputs, "dropped", f"{name}/dropped", apps, links)
        links.add(Connection(*dropped, "capture", f"{name}:dropped"))
    links.add(Connection(*last, direction.after, "rx"))


def _add_flows(direction: _Direction, apps: dict[str, App], links: set[Connection]) -> list[str]:
    name, split = direction.name, f"{direction.name}/split"
    apps[split] = Split(tuple(compile_filter(flow.filter) for flow, _ in direction.flows))
    links.add(Connection(direction.before, "tx", split, "rx"))
    links.add(Connection(split, "rest", name, "rx"))
    names = [f"{name}/{flow.name}" for flow, _ in direction.flows]
    for index, (own, (_, impairment)) in enumerate(zip(names, direction.flows, strict=True)):
        apps[own] = impairment
        links.add(Connection(split, str(index), own, "rx"))
    return names


def _joined(
    outputs: list[str], port: str, join: str, apps: dict[str, App], links: set[Connection]
) -> tuple[str, str]:
    """The one port at which what all these apps send comes out."""
    if len(outputs) == 1:
        return outputs[0], port
    apps[join] = Join()
    links |= {Connection(app, port, join, f"{index:04}") for index, app in enumerate(outputs)}
    return join, "tx"


def _captured(
    name: str, last: tuple[str, str], apps: dict[str, App], links: set[Connection]
) -> tuple[str, str]:
    tee = f"{name}/tee"
    apps[tee] = Tee()
    links.add(Connection(*last, tee, "rx"))
    links.add(Connection(tee, "copy", "capture", name))
    return tee, "tx"


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
        self._ends = ends
        self._steps: Iterator[tuple[int, Link]] = timeline.steps(scenario)
        _, link = next(self._steps)
        self._planned = topology(link, ends)
        self._engine = Engine(seed=seed, precise=precise)
        self._engine.configure(self._planned)
        self._start_ns = self._engine.now()
        self._next = next(self._steps, None)
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
        horizon = self.elapsed_ns() + AHEAD_NS
        while self._next is not None and self._next[0] <= horizon:
            at, link = self._next
            new = topology(link, self._ends)
            self._engine.schedule(self._start_ns + at, diff(self._planned, new))
            self._planned = new
            self._next = next(self._steps, None)
