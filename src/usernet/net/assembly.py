"""Assembly: a network's blueprint, and the engine that runs it.

What is changed before the engine runs is only written down. While it runs, a change of apps or of a
link is done first, and written down if that went well. Hosts and links that come while it runs are
put into the graph together, when something is next asked of the engine: each of them changes the
routes of all, and one that needs another (a gateway) may come before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from usernet.engine import Engine
from usernet.errors import EngineError
from usernet.net.blueprint import Blueprint
from usernet.net.bridge import Bridge
from usernet.net.course import AHEAD_NS, Course

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from usernet.config.link import Link
    from usernet.net.link_state import LinkState
    from usernet.net.recorder import Recorder

__all__ = ["Assembly"]

_MOST_HISTORY = 4096
_LOOK_SECONDS = 0.25
"""How often timelines and the recorder are seen after in real time."""


class Assembly:
    """A network, at rest or running.

    Args:
        capture: The file of the capture, if there is to be one.
        precise: In real time, spin for the last 80 µs before each deadline.

    Attributes:
        blueprint: What the network is made of.
        states: What each link is.
        recorder: What keeps the statistics over time, if something does.
    """

    def __init__(self, capture: Path | None, *, precise: bool) -> None:
        self.blueprint: Blueprint = Blueprint(capture=capture)
        self.states: dict[str, LinkState] = {}
        self.recorder: Recorder | None = None
        self._precise = precise
        self._running: _Running | None = None
        self._bridge: Bridge | None = None
        self._histories: dict[str, deque[tuple[int, Link]]] = {}
        self._expected = False
        self._new: dict[str, Course | None] = {}

    @property
    def engine(self) -> Engine:
        """What runs the network; hosts and links that are new are in it.

        Raises:
            EngineError: Nothing runs yet.
            ConfigError: What is new cannot be.
        """
        self.settle()
        return self._run.engine

    @property
    def bridge(self) -> Bridge:
        """What takes the engine's events to the sockets; of a network that has stopped, the last.

        Raises:
            EngineError: Nothing runs yet.
        """
        return self._run.bridge if self._bridge is None else self._bridge

    @property
    def is_running(self) -> bool:
        """Whether an engine runs."""
        return self._running is not None

    def run(self, seed: int, *, virtual: bool) -> Engine:
        """Have an engine run, if none does.

        Raises:
            ConfigError: The network cannot be.
            EngineError: It runs already, on another clock.
        """
        if self._running is None:
            self._running = self._begin(seed, virtual=virtual)
            self._bridge = self._running.bridge
        if self._running.virtual != virtual:
            raise EngineError("real and virtual time do not mix: stop() the network first")
        return self._running.engine

    def stop(self) -> None:
        """Stop the engine. Safe to call twice."""
        running, self._running = self._running, None
        self._expected = False
        self._new.clear()
        if running is not None:
            for name, state in self.states.items():
                self.blueprint = self.blueprint.with_link(name, state.over(state.scenario.link))
            running.end()

    def adopt(self, blueprint: Blueprint) -> None:
        """Make this the network.

        Raises:
            ConfigError: It cannot be; the present one stays.
        """
        if self._running is not None:
            self._running.engine.configure(blueprint.topology)
        self.blueprint = blueprint
        self._begin_new()

    def expect(self, blueprint: Blueprint) -> None:
        """Have this be the network, from when something is next asked of the engine."""
        self.blueprint = blueprint
        if self._running is not None:
            self._expected = True
            self._running.soon(self.settle)

    def settle(self) -> None:
        """Put into the graph what is new.

        Raises:
            ConfigError: It cannot be; what ran before runs on.
        """
        if self._expected and self._running is not None:
            self.adopt(self.blueprint)

    def _begin_new(self) -> None:
        """Have links that are new in the graph follow their timelines."""
        self._expected = False
        new, self._new = self._new, {}
        for name, course in new.items():
            if self._running is not None:
                self._running.follow(name, course)
                self._remember(name, self.blueprint.lines[name].link)
        if new:
            self.see_after()

    def add_link(self, blueprint: Blueprint, name: str, state: LinkState) -> None:
        """Have this, which has a link more, be the network, as `expect`."""
        course = self._course(blueprint, name, state) if state.scenario.timeline else None
        link = state.over(state.scenario.link) if course is None else course.link
        self.states[name] = state
        if self._running is not None:
            self._new[name] = course
        self.expect(blueprint.with_link(name, link))

    def change_link(self, name: str, state: LinkState) -> None:
        """Make a link something else; what is in flight stays in flight.

        Raises:
            ConfigError: It cannot be; it stays as it was.
        """
        self.settle()
        course = None if self._running is None else self._running.courses.get(name)
        if course is None:
            link = state.over(state.scenario.link)
            self.adopt(self.blueprint.with_link(name, link))
            self._remember(name, link)
        else:
            course.change(self.engine, self.engine.now(), state.over)
        self.states[name] = state

    def link(self, name: str) -> Link:
        """What a link is now."""
        course = None if self._running is None else self._running.courses.get(name)
        if course is None:
            return self.blueprint.lines[name].link
        course.forget(self.engine.now())
        return course.link

    def history(self, name: str) -> Iterable[tuple[int, Link]]:
        """What a link became, and when, since the engine runs."""
        course = None if self._running is None else self._running.courses.get(name)
        if course is None:
            return self._histories.get(name, ())
        course.forget(self.engine.now())
        return course.history

    def advance(self, until_ns: int) -> None:
        """Let virtual time pass."""
        self.settle()
        self._run.plan(until_ns)
        self._run.engine.advance(until_ns)
        self.sample()

    def sample(self) -> None:
        """Have the recorder look, if there is one."""
        if self.recorder is not None and self.recorder.is_due(self.engine.now()):
            self.recorder.add(self.engine.statistics())

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a loop in real time take events to the sockets, and see after the timelines."""
        self._run.attach(loop)
        self.see_after()

    def see_after(self) -> None:
        """In real time, see after timelines and the recorder, now and from time to time."""
        running = self._running
        if running is not None and (self.recorder is not None or running.courses):
            running.plan(running.engine.now() + AHEAD_NS)
            self.sample()
            running.again(self.see_after)

    def planned(self) -> Planned:
        """The engine, as a loop in virtual time is to see it."""
        return Planned(self)

    @property
    def _run(self) -> _Running:
        if self._running is None:
            raise EngineError("the network does not run: start() it, or advance() its time")
        return self._running

    def plan(self, until_ns: int) -> None:
        """Tell the engine what timelines hold up to this moment."""
        self._run.plan(until_ns)

    def _begin(self, seed: int, *, virtual: bool) -> _Running:
        engine = Engine(seed=seed, virtual=virtual, precise=self._precise)
        courses: dict[str, Course] = {}
        blueprint = self.blueprint
        for name, state in self.states.items():
            if state.scenario.timeline:
                courses[name] = self._course(blueprint, name, state)
                blueprint = blueprint.with_link(name, courses[name].link)
        try:
            engine.configure(blueprint.topology)
        except BaseException:
            engine.stop()
            raise
        self.blueprint = blueprint
        self._histories.clear()
        running = _Running(engine, virtual=virtual)
        for name in self.states:
            running.follow(name, courses.get(name))
            self._histories[name] = deque(
                [(engine.now(), blueprint.lines[name].link)], _MOST_HISTORY
            )
        return running

    def _course(self, blueprint: Blueprint, name: str, state: LinkState) -> Course:
        return Course(state.scenario, blueprint.lines[name].impairments, state.over)

    def _remember(self, name: str, link: Link) -> None:
        if self._running is not None:
            history = self._histories.setdefault(name, deque(maxlen=_MOST_HISTORY))
            history.append((self.engine.now(), link))


class _Running:
    """An engine that runs, and what goes with it."""

    def __init__(self, engine: Engine, *, virtual: bool) -> None:
        self.engine = engine
        self.virtual = virtual
        self.bridge = Bridge(engine)
        self.courses: dict[str, Course] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def soon(self, settle: Callable[[], None]) -> None:
        """In real time, have this done when the program next waits; without a loop, now."""
        if self._loop is not None:
            self._loop.call_soon(settle)
        elif not self.virtual:
            settle()

    def follow(self, name: str, course: Course | None) -> None:
        """Have a link follow its timeline from now on."""
        if course is not None:
            course.begin(self.engine.now())
            course.plan(self.engine, self.engine.now() + (0 if self.virtual else AHEAD_NS))
            self.courses[name] = course

    def plan(self, until_ns: int) -> None:
        """Tell the engine what timelines hold up to this moment."""
        for course in self.courses.values():
            course.plan(self.engine, until_ns)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a loop in real time take events to the sockets."""
        self._loop = loop
        self.bridge.attach(loop)

    def again(self, call: Callable[[], None]) -> None:
        """In a loop in real time, have this called in a while, once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            self._timer = self._loop.call_later(_LOOK_SECONDS, call)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            self.bridge.close()
        finally:
            self.engine.stop()


class Planned:
    """An engine in virtual time which is told what timelines hold just before it happens.

    So nothing waits in the engine that only a timeline wants: where nothing else is to come, a
    program that waits for the network waits for ever, and is told so.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._engine = assembly.engine

    def now(self) -> int:
        """The engine's time."""
        return self._engine.now()

    def next_deadline(self) -> int | None:
        """When something happens next."""
        self._assembly.settle()
        return self._engine.next_deadline()

    def advance_to_event(self, until: int) -> bool:
        """Run up to then, or to the breath after which events wait."""
        self._assembly.settle()
        self._assembly.plan(until)
        happened = self._engine.advance_to_event(until)
        self._assembly.sample()
        return happened
