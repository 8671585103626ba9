"""A line: the graph of an emulated link between two ends, whoever they are.

::

    first ─ [up:sent] ─ up ─ [up:received] ─ second     up may be split into flows, each with an
    second ─ [down:sent] ─ down ─ [down:received] ─ first   impairment of its own, and written to
                                                            a capture on its way out
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usernet.config.apps import App, Join, Meter, Split, Tee
from usernet.config.link import DIRECTIONS, Link
from usernet.config.topology import Connection, Topology
from usernet.engine.filters import compile_filter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet.config.impairment import Impairment
    from usernet.config.link import Flow

__all__ = ["CAPTURE", "End", "Line"]

CAPTURE = "capture"
"""The name of the app that writes packets down."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a line begins and ends: the ports of an app.

    Attributes:
        app: The app's name.
        input: Packets go into the app here.
        output: Packets come out of the app here.
    """

    app: str
    input: str = "rx"
    output: str = "tx"


@dataclass(frozen=True, slots=True)
class Line:
    """An emulated link between two ends.

    Attributes:
        link: What it does to packets.
        first: Packets go up from here.
        second: Packets go down from here.
        name: What its apps' names begin with; nothing where it is the only line.
        ethernet: Whether it carries Ethernet frames, or IP packets.
        captured: Whether what comes out, and what is dropped, goes to `CAPTURE`.
        metered: Whether what is sent and what is received is counted.
        leaving: Flows that nothing comes to any more, and that still have packets.
        is_wire: It does nothing, and counts nothing: its ends are joined as they are.
    """

    link: Link
    first: End
    second: End
    name: str = ""
    ethernet: bool = True
    captured: bool = False
    metered: bool = False
    leaving: tuple[Flow, ...] = ()
    is_wire: bool = False

    def direction(self, name: str) -> str:
        """The name that the impairment of a direction has, and that its capture has."""
        return f"{self.name}/{name}" if self.name else name

    def impairments(self, link: Link | None = None) -> dict[str, App]:
        """The impairments of the line by name, as they are, or as this link has them."""
        return dict(_impairments(self, link or self.link))

    def graph(self) -> Topology:
        """The apps of the line, and the links between them and its ends.

        Raises:
            ConfigError: A flow's filter is wrong.
        """
        if self.is_wire:
            ends = zip(self._ends, reversed(self._ends), strict=True)
            return Topology({}, frozenset(_joined(before, after) for before, after in ends))
        graph = _Graph()
        programs = [compile_filter(flow.filter, ethernet=self.ethernet) for flow in self.link.flows]
        split = Split(tuple(programs)) if programs else None
        for name, before, after in zip(DIRECTIONS, self._ends, reversed(self._ends), strict=True):
            _Direction(self, name, before, after, split).add_to(graph)
        return Topology(graph.apps, frozenset(graph.links))

    @property
    def _ends(self) -> tuple[End, End]:
        return self.first, self.second


def _joined(before: End, after: End) -> Connection:
    return Connection(before.app, before.output, after.app, after.input)


def _impairments(line: Line, link: Link) -> Iterator[tuple[str, Impairment]]:
    for direction in DIRECTIONS:
        name = line.direction(direction)
        yield name, getattr(link, direction)
        for flow in link.flows:
            yield f"{name}/{flow.name}", getattr(flow, direction)


_Port = tuple[str, str]
"""An app and one of its ports."""


@dataclass(slots=True)
class _Graph:
    apps: dict[str, App] = field(default_factory=dict)
    links: set[Connection] = field(default_factory=set)

    def add(self, name: str, app: App, *inputs: tuple[_Port, str]) -> None:
        """Add an app, and links from these ports to its inputs."""
        self.apps[name] = app
        self.links |= {Connection(*port, name, into) for port, into in inputs}

    def joined(self, name: str, outputs: list[str], port: str) -> _Port:
        """The one port at which comes out what all these apps send at theirs."""
        if len(outputs) == 1:
            return outputs[0], port
        inputs = (((app, port), f"{index:04}") for index, app in enumerate(outputs))
        self.add(name, Join(), *inputs)
        return name, "tx"


@dataclass(frozen=True, slots=True)
class _Direction:
    line: Line
    direction: str
    before: End
    after: End
    split: Split | None

    def add_to(self, graph: _Graph) -> None:
        name = self.line.direction(self.direction)
        first = self._metered(graph, f"{name}:sent", (self.before.app, self.before.output))
        outputs = self._add_impairments(graph, name, first)
        last = graph.joined(f"{name}/join", outputs, "tx")
        if self.line.captured:
            graph.add(f"{name}/tee", Tee(), (last, "rx"))
            graph.links.add(Connection(f"{name}/tee", "copy", CAPTURE, name))
            dropped = graph.joined(f"{name}/dropped", outputs, "dropped")
            graph.links.add(Connection(*dropped, CAPTURE, f"{name}:dropped"))
            last = f"{name}/tee", "tx"
        last = self._metered(graph, f"{name}:received", last)
        graph.links.add(Connection(*last, self.after.app, self.after.input))

    def _metered(self, graph: _Graph, name: str, port: _Port) -> _Port:
        if not self.line.metered:
            return port
        graph.add(name, Meter(), (port, "rx"))
        return name, "tx"

    def _add_impairments(self, graph: _Graph, name: str, first: _Port) -> list[str]:
        """Add the impairments of the direction and of its flows; their names."""
        own = getattr(self.line.link, self.direction)
        flows = (*self.line.link.flows, *self.line.leaving)
        for flow in self.line.leaving:
            graph.add(f"{name}/{flow.name}", _of(flow, self.direction))
        if self.split is None:
            graph.add(name, own, (first, "rx"))
            return [name, *(f"{name}/{flow.name}" for flow in flows)]
        split = f"{name}/split"
        graph.add(name, own, ((split, "rest"), "rx"))
        graph.add(split, self.split, (first, "rx"))
        for index, flow in enumerate(self.line.link.flows):
            graph.add(f"{name}/{flow.name}", _of(flow, self.direction), ((split, str(index)), "rx"))
        return [name, *(f"{name}/{flow.name}" for flow in flows)]


def _of(flow: Flow, direction: str) -> Impairment:
    return flow.up if direction == "up" else flow.down
