"""An emulated link between two interfaces, which follows its scenario and can be changed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from usernet.config.apps import App, PcapWriter, RawSocket, Split
from usernet.config.link import DIRECTIONS, Flow
from usernet.config.topology import Connection, Topology
from usernet.engine import Engine, Statistics
from usernet.engine.actions import Reconfigure, Start, Stop
from usernet.engine.conversation import Conversation
from usernet.engine.filters import look_up
from usernet.engine.flow_counters import flow_counters
from usernet.engine.host_names import HostNames
from usernet.engine.talkers import Talkers
from usernet.net.claim import Claims
from usernet.net.line import CAPTURE, End, Line
from usernet.net.playback import Playback

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from usernet.config.host import Medium
    from usernet.config.link import Bottleneck, Link
    from usernet.config.scenario import Scenario
    from usernet.config.timeline import Target
    from usernet.engine.drops import Drops
    from usernet.engine.flow_counters import FlowCounters
    from usernet.engine.statistics import ImpairmentStatistics

__all__ = ["Beyond", "Emulation", "Ends", "topology"]


@dataclass(frozen=True, slots=True)
class Beyond:
    """What is behind one end of the link, where that end is not the last app.

    Attributes:
        apps: The apps by name.
        links: How they are joined with each other, with the ends, which are called ``first`` and
            ``second``, and with the capture (`usernet.net.line.CAPTURE`) if there is one.
        captured: Interfaces of the capture beside the link's.
    """

    apps: Mapping[str, App] = field(default_factory=dict[str, App])
    links: frozenset[Connection] = frozenset()
    captured: tuple[str, ...] = ()


_MOST_HISTORY = 4096
_MOST_LEAVING = 1024
"""Flows and bottlenecks that were taken away and still have packets."""
_MANY_LEAVING = 32
"""So many are looked through before another change."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What the link joins, and what writes its packets down.

    Attributes:
        first: Packets go up from here.
        second: Packets go down from here.
        capture: A file for what comes out and what is dropped; none where None.
        medium: What both ends send.
        first_ports: The ports of the first end that the link joins: its input and its output.
        second_ports: Those of the second end.
        beyond: Apps that are behind the ends.
    """

    first: App
    second: App
    capture: Path | None = None
    medium: Medium = "ethernet"
    first_ports: tuple[str, str] = ("rx", "tx")
    second_ports: tuple[str, str] = ("rx", "tx")
    beyond: Beyond = field(default_factory=Beyond)


def topology(
    link: Link,
    ends: Ends,
    leaving: Collection[Flow | Bottleneck] = (),
    resolve: Callable[[str], Sequence[str]] = look_up,
) -> Topology:
    """The graph of an emulated link.

    Args:
        link: What is emulated.
        ends: What it joins.
        leaving: Flows and bottlenecks that are gone, and still have packets.
        resolve: Finds the addresses of hosts that filters name.

    Raises:
        ConfigError: A flow's filter is wrong.
    """
    graph = _line(link, ends, leaving, resolve).graph()
    beyond = ends.beyond
    apps: dict[str, App] = {"first": ends.first, "second": ends.second}
    apps |= {**graph.apps, **beyond.apps}
    if ends.capture is not None:  # last: what fails before it leaves the file alone
        apps[CAPTURE] = PcapWriter(ends.capture, (*DIRECTIONS, *beyond.captured))
    return Topology(apps, graph.links | beyond.links)


def _line(
    link: Link,
    ends: Ends,
    leaving: Collection[Flow | Bottleneck] = (),
    resolve: Callable[[str], Sequence[str]] = look_up,
) -> Line:
    return Line(
        link,
        End("first", *ends.first_ports),
        End("second", *ends.second_ports),
        ethernet=ends.medium == "ethernet",
        captured=ends.capture is not None,
        watched=True,
        resolve=resolve,
        leaving=tuple(leaving),
    )


class Emulation:
    """An emulated link that runs in real time and follows its scenario.

    It belongs to one thread at a time.

    Args:
        scenario: The link, and how it changes.
        ends: What it joins.
        seed: What all randomness follows from.
        precise: Spin for the last 80 µs before each deadline.

    Attributes:
        history: What the link became, and when on the engine's clock; the last of it.

    Raises:
        ConfigError: A flow's filter is wrong.
        InterfaceError: An interface is missing, or another line has it.
        PrivilegeError: The system forbids it.
        CaptureError: The capture cannot be written.
    """

    def __init__(
        self, scenario: Scenario, ends: Ends, *, seed: int = 0, precise: bool = False
    ) -> None:
        self._ends: Ends = ends
        self._playback = Playback(scenario)
        self._claims = Claims(_interfaces(ends))
        self._leaving: dict[str, Flow | Bottleneck] = {}
        self._names = HostNames()
        self._last: tuple[object, Topology] | None = None
        self._scheduled: set[str] = set()
        self._told: Mapping[str, App] = {}
        try:
            self._engine = Engine(seed=seed, precise=precise)
            self._engine.configure(self._topology(self._playback.link))
        except BaseException:
            self._names.close()
            self._claims.give_back()
            raise
        self._start_ns = self._engine.now()
        self.history: deque[tuple[int, Link]] = deque(maxlen=_MOST_HISTORY)
        self.history.append((self._start_ns, self._playback.link))
        self._playback.play(self._start_ns)
        self._plan()

    def check(self) -> None:
        """See after it: to be called each few seconds, or the timeline stands still.

        Raises:
            CaptureError: The capture could not be written.
            EngineError: The engine has stopped.
        """
        self._plan()
        self._let_go()
        if self._names.take_news():
            self._last = None
            self._become(self._playback)
        self._engine.wait(0)

    def change(self, scenario: Scenario, touched: Collection[Target] = ()) -> None:
        """Run this scenario from now on, from where the present one is; no packet is lost by it.

        What is different is set now; the timeline goes on underneath.

        Args:
            scenario: What is to run.
            touched: Values that are set now even where they are the same in both scenarios.

        Raises:
            ConfigError: It cannot be; the present one runs on, untouched.
            EngineError: The engine has stopped.
        """
        now = self._pass()
        self._become(self._playback.changed(scenario, touched, now))

    def play(self) -> None:
        """Let the scenario's time pass."""
        self._playback.play(self._engine.now())
        self._plan()

    def pause(self) -> None:
        """Let the scenario stand where it is; the line stays as it is."""
        self._engine.unschedule()
        self._playback.pause(self._pass())
        self._become(self._playback)

    def seek(self, position_ns: int) -> None:
        """Go to this place of the scenario.

        Raises:
            ConfigError: It is beyond the end, or a step before it contradicts what is set then.
        """
        now = self._pass()
        self._become(self._playback.sought(position_ns, now))

    def capture(self, path: Path | None) -> None:
        """Write a capture from now on, or end the one that is written.

        Raises:
            CaptureError: It cannot be written; or the end of the one that is.
        """
        self.rejoin(replace(self._ends, capture=path))

    def rejoin(self, ends: Ends) -> None:
        """Join other ends, or these with other configs; what stays the same goes on.

        Raises:
            ConfigError: It cannot be; the present ones stay.
        """
        before, self._ends = self._ends, ends
        try:
            self._become(self._playback)
        except BaseException:
            self._ends = before
            raise

    def renew_first(self, first: App) -> None:
        """Give the first end another config, while all else goes on.

        Raises:
            ConfigError: It cannot be; the present one stays.
        """
        self.rejoin(replace(self._ends, first=first))

    @property
    def captured(self) -> Path | None:
        """The capture that is written."""
        return self._ends.capture

    @property
    def engine(self) -> Engine:
        """What runs it."""
        return self._engine

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath."""
        return self._engine.statistics()

    def flows(
        self, direction: str, statistics: Statistics | None = None
    ) -> Mapping[str, FlowCounters]:
        """What became of the packets of each flow by name; ``""`` is what no filter took.

        Args:
            direction: ``up`` or ``down``.
            statistics: A snapshot; one of now where None.
        """
        names = tuple(flow.name for flow in self.link.flows)
        return flow_counters(statistics or self.statistics(), direction, names)

    def talkers(self, direction: str) -> Talkers:
        """Who talks most: the remote ends, those on the second end's side, by bytes.

        Args:
            direction: ``up`` for what they are sent, ``down`` for what they send.
        """
        return Talkers.from_core(self._engine.series(f"{direction}/split"))

    def drops(self, after: int = 0) -> Drops:
        """The latest drops; those behind `after` alone, which is the `count` of an earlier call."""
        return self._engine.drops(after)

    @property
    def is_by_process(self) -> bool:
        """Whether a flow goes by processes. From any thread."""
        split = self._engine.topology.apps.get("up/split")
        return isinstance(split, Split) and any(split.processes)

    def tell_owners(self, found: Mapping[Conversation, frozenset[str]]) -> frozenset[Conversation]:
        """Say what the processes are called that have connections. From any thread.

        Args:
            found: Of each connection the names.

        Returns:
            The connections of which that is not known yet.

        Raises:
            EngineError: The engine has stopped.
        """
        owned = [{"socket": one.to_core(), "names": sorted(names)} for one, names in found.items()]
        asked: set[Conversation] = set()
        for direction in DIRECTIONS:
            answer = self._engine.tell(f"{direction}/split", {"owned": owned})
            raw = cast("list[dict[str, object]]", answer["asked"])
            asked.update(map(Conversation.from_core, raw))
        return frozenset(asked)

    def series(self, app: str) -> Mapping[str, object]:
        """What an app has written down over time: ``first`` and ``second`` are the ends."""
        return self._engine.series(app)

    @property
    def playback(self) -> Playback:
        """The scenario, and how far it is."""
        return self._playback

    @property
    def link(self) -> Link:
        """The link as it is now."""
        self._pass()
        return self._playback.link

    def changes(self) -> list[tuple[int, Link]]:
        """What the link became so far, and when on the engine's clock; the last of it."""
        self._pass()
        return list(self.history)

    def elapsed_ns(self) -> int:
        """How long it has run."""
        return self._engine.now() - self._start_ns

    def position_ns(self) -> int:
        """How far the scenario has come."""
        return self._playback.position(self._engine.now())

    def stop(self) -> None:
        """Stop; the interfaces are left as they were.

        Raises:
            CaptureError: The end of the capture could not be written.
        """
        self._names.close()
        try:
            self._engine.stop()
        finally:
            self._claims.give_back()

    def _topology(self, link: Link, leaving: Collection[Flow | Bottleneck] = ()) -> Topology:
        """The graph; where values alone are others than those of the last one, with its links."""
        shape = _shape(link, self._ends, leaving)
        if self._last is not None and self._last[0] == shape:
            graph = self._last[1]
            impairments = _line(link, self._ends, leaving).impairments()
            return Topology({**graph.apps, **impairments}, graph.links)
        graph = topology(link, self._ends, leaving, self._names.addresses)
        self._last = shape, graph
        return graph

    def _become(self, playback: Playback) -> None:
        """Run another playback; where that fails, the present one goes on."""
        present = self._still_leaving() if len(self._leaving) > _MANY_LEAVING else self._leaving
        leaving = _leaving(present, self._playback.link, playback.link)
        new = self._topology(playback.link, leaving.values())
        self._engine.unschedule()
        try:
            self._configure(new)
            self._playback, self._leaving = playback, leaving
            self.history.append((self._engine.now(), playback.link))
        finally:
            self._playback.take_back()
            self._plan()

    def _configure(self, new: Topology) -> None:
        """Of what was scheduled some was done: what that touched is told again in any case."""
        self._pass()
        ran = self._engine.topology
        if self._scheduled:
            present = self._impairments(self._playback.link)
            moved = {name: present[name] for name in self._scheduled if name in present}
            ran = Topology({**ran.apps, **moved}, ran.links)
        self._engine.configure(new, since=ran, again=self._scheduled)
        self._scheduled.clear()

    def _let_go(self) -> None:
        """Take flows out of the graph whose last packets have left."""
        if self._leaving and len(still := self._still_leaving()) < len(self._leaving):
            self._leaving = still
            self._become(self._playback)

    def _still_leaving(self) -> dict[str, Flow | Bottleneck]:
        """What still has packets; and what flows share that only now are seen to have none."""
        counted = self._engine.statistics().impairments
        leaving = self._leaving.items()
        shared = {part.share for part in self._leaving.values() if isinstance(part, Flow)}
        return {
            name: part for name, part in leaving if name in shared or not _is_empty(counted, name)
        }

    def _pass(self) -> int:
        """Let the playback follow the clock; what time it is."""
        now = self._engine.now()
        self.history.extend(self._playback.pass_to(now))
        return now

    def _plan(self) -> None:
        """Tell the engine what the next seconds hold."""
        now = self._pass()
        told = self._told if self._scheduled else None
        for at, link in self._playback.coming(now):
            told = told or self._impairments(self._playback.link)
            new = self._impairments(link)
            actions = _steps(told, new)
            self._engine.schedule(at, actions)
            self._scheduled.update(action.name for action in actions)
            told = new
        self._told = told or {}

    def _impairments(self, link: Link) -> Mapping[str, App]:
        return _line(link, self._ends, self._leaving.values()).impairments()


def _interfaces(ends: Ends) -> list[str]:
    return [end.interface for end in (ends.first, ends.second) if isinstance(end, RawSocket)]


def _shape(link: Link, ends: Ends, leaving: Collection[Flow | Bottleneck]) -> object:
    """All that the graph of a link depends on, but for the values of its impairments."""
    kept = [(one.name, getattr(one, "share", "")) for one in leaving]
    flows = [(one.name, one.filter, one.process, one.share, one.weight) for one in link.flows]
    return flows, [one.name for one in link.bottlenecks], kept, ends


def _leaving(
    before: Mapping[str, Flow | Bottleneck], old: Link, new: Link
) -> dict[str, Flow | Bottleneck]:
    """What nothing comes to any more; the oldest of too many are given up."""
    every = dict(before)
    every |= {flow.name: flow for flow in old.flows}
    every |= {one.name: one for one in old.bottlenecks}
    stay = {flow.name for flow in new.flows} | {one.name for one in new.bottlenecks}
    left = [(name, part) for name, part in every.items() if name not in stay]
    return dict(left[-_MOST_LEAVING:])


def _is_empty(counted: Mapping[str, ImpairmentStatistics], name: str) -> bool:
    """Whether all that came has left: what is on the line is in no queue any more."""
    both = (counted.get(f"{direction}/{name}") for direction in DIRECTIONS)
    return not any(
        one and one.packets_in + one.duplicated > one.packets_out + one.dropped_total
        for one in both
    )


def _steps(old: Mapping[str, App], new: Mapping[str, App]) -> list[Reconfigure | Start | Stop]:
    """The actions for what differs."""
    actions: list[Reconfigure | Start | Stop] = []
    for name, app in new.items():
        if old[name] == app:
            continue
        if old[name].keeps_state(app):
            actions.append(Reconfigure(name, app))
        else:
            actions += [Stop(name), Start(name, app)]
    return actions
