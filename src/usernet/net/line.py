"""A line: the graph of an emulated link between two ends, whoever they are.

::

    first ─ [up:sent] ─ up ─ [up:received] ─ second     up may be split into flows, each with an
    second ─ [down:sent] ─ down ─ [down:received] ─ first   impairment of its own, and written to
                                                            a capture on its way out

Packets of a flow that shares a bottleneck go on to that::

    split ─ up/video ─┐
    split ─ up/voice ─┴ up/office ─ join
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from usernet.config.apps import App, Join, Meter, Split, Tee
from usernet.config.impairment import SharedImpairment
from usernet.config.link import DIRECTIONS, OWN, Flow, Link
from usernet.config.topology import Connection, Topology, port_of
from usernet.engine.filters import compile_filter, look_up
from usernet.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usernet.config.apps import Program
    from usernet.config.impairment import Impairment
    from usernet.config.link import Bottleneck
    from usernet.engine.expression import Direction

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
        watched: Whether each direction has a split even without flows, which counts who talks most.
        resolve: Finds the numeric addresses of hosts that filters name.
        leaving: Flows and bottlenecks that are none any more, and that still have packets.
        is_wire: It does nothing, and counts nothing: its ends are joined as they are.
    """

    link: Link
    first: End
    second: End
    name: str = ""
    ethernet: bool = True
    captured: bool = False
    metered: bool = False
    watched: bool = False
    resolve: Callable[[str], Sequence[str]] = look_up
    leaving: tuple[Flow | Bottleneck, ...] = ()
    is_wire: bool = False

    def direction(self, name: str) -> str:
        """The name that the impairment of a direction has, and that its capture has."""
        return f"{self.name}/{name}" if self.name else name

    def impairments(self, link: Link | None = None) -> dict[str, App]:
        """The impairments of the line by name, as they are, or as this link has them."""
        line = self if link is None else replace(self, link=link)
        both = (_Direction(line, direction).impairments() for direction in DIRECTIONS)
        return {name: app for one in both for name, app in one.items()}

    def graph(self) -> Topology:
        """The apps of the line, and the links between them and its ends.

        Raises:
            ConfigError: A flow's filter is wrong.
        """
        if self.is_wire:
            ends = zip(self._ends, reversed(self._ends), strict=True)
            return Topology({}, frozenset(_joined(before, after) for before, after in ends))
        graph = _Graph()
        for name, before, after in zip(DIRECTIONS, self._ends, reversed(self._ends), strict=True):
            _Direction(self, name).add_to(graph, before, after)
        return Topology(graph.apps, frozenset(graph.links))

    @property
    def _ends(self) -> tuple[End, End]:
        return self.first, self.second


def _joined(before: End, after: End) -> Connection:
    return Connection(before.app, before.output, after.app, after.input)


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

    @property
    def name(self) -> str:
        return self.line.direction(self.direction)

    def add_to(self, graph: _Graph, before: End, after: End) -> None:
        name = self.name
        first = self._metered(graph, f"{name}:sent", (before.app, before.output))
        self._add_impairments(graph, first)
        last = graph.joined(f"{name}/join", self._outputs(), "tx")
        if self.line.captured:
            graph.add(f"{name}/tee", Tee(), (last, "rx"))
            graph.links.add(Connection(f"{name}/tee", "copy", CAPTURE, name))
            dropped = graph.joined(f"{name}/dropped", list(self.impairments()), "dropped")
            graph.links.add(Connection(*dropped, CAPTURE, f"{name}:dropped"))
            last = f"{name}/tee", "tx"
        last = self._metered(graph, f"{name}:received", last)
        graph.links.add(Connection(*last, after.app, after.input))

    def impairments(self) -> dict[str, App]:
        """The link's own, and those of flows and bottlenecks, each with those that share it."""
        several: list[Flow | Bottleneck] = [*self._flows, *self._bottlenecks]
        name, direction = self.name, self.direction
        parts: dict[str, App] = {name: getattr(self.line.link, direction)}
        parts |= {f"{name}/{part.name}": getattr(part, direction) for part in several}
        shared: dict[str, dict[str, int]] = {}
        for flow in self._flows:
            if (target := self._target(flow)) is not None:
                shared.setdefault(target, {})[port_of(flow.name)] = flow.weight
        for app, shares in shared.items():
            parts[app] = SharedImpairment(cast("Impairment", parts[app]), tuple(shares.items()))
        return parts

    @property
    def _flows(self) -> list[Flow]:
        leaving = (part for part in self.line.leaving if isinstance(part, Flow))
        return [*self.line.link.flows, *leaving]

    @property
    def _bottlenecks(self) -> list[Bottleneck]:
        leaving = (part for part in self.line.leaving if not isinstance(part, Flow))
        return [*self.line.link.bottlenecks, *leaving]

    def _app(self, part: str) -> str:
        return f"{self.name}/{part}"

    def _target(self, flow: Flow) -> str | None:
        """The app that a flow's packets go on to, if it shares one that is there."""
        if not flow.share:
            return None
        if flow.share == OWN:
            return self.name
        there = any(one.name == flow.share for one in self._bottlenecks)
        return self._app(flow.share) if there else None

    def _outputs(self) -> list[str]:
        """The apps from which packets leave the line."""
        inner = {self._app(flow.name) for flow in self._flows if self._target(flow) is not None}
        return [name for name in self.impairments() if name not in inner]

    def _metered(self, graph: _Graph, name: str, port: _Port) -> _Port:
        if not self.line.metered:
            return port
        graph.add(name, Meter(), (port, "rx"))
        return name, "tx"

    def _add_impairments(self, graph: _Graph, first: _Port) -> None:
        """Add the impairments of the direction, its flows and its bottlenecks."""
        for name, app in self.impairments().items():
            graph.add(name, app)
        split = self._split()
        if split is None:
            graph.links.add(Connection(*first, self.name, "rx"))
        else:
            name = f"{self.name}/split"
            graph.add(name, split, (first, "rx"))
            graph.links.add(Connection(name, "rest", self.name, "rx"))
            for flow in self._flows:  # of one that is gone something may still be on the way
                graph.links.add(Connection(name, port_of(flow.name), self._app(flow.name), "rx"))
        for flow in self._flows:
            if (target := self._target(flow)) is not None:
                graph.links.add(Connection(self._app(flow.name), "tx", target, port_of(flow.name)))

    def _split(self) -> Split | None:
        flows = self.line.link.flows
        if not flows and not self.line.watched:
            return None
        by_process = any(flow.process for flow in flows)
        remote = "destination" if self.direction == "up" else "source"
        return Split(
            tuple(self._program(index, flow) for index, flow in enumerate(flows)),
            tuple(port_of(flow.name) for flow in flows),
            tuple(flow.process or None for flow in flows) if by_process else (),
            remote if self.line.watched or by_process else None,  # type: ignore[arg-type]
        )

    def _program(self, index: int, flow: Flow) -> Program:
        try:
            return compile_filter(
                flow.filter,
                ethernet=self.line.ethernet,
                direction=cast("Direction", self.direction),
                resolve=self.line.resolve,
            )
        except FilterError as error:
            raise error.within(f"flow[{index}]") from None
