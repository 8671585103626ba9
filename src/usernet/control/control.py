"""Control: what a running line is, and the only way in which that is changed.

Its line belongs to whoever holds its lock, for as long as a change takes; the engine, and so the
traffic, waits for nobody. Whoever looks after the line calls `check` from time to time.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from usernet.config.fields import FIELDS
from usernet.config.link import DIRECTIONS
from usernet.config.scenario import refuse_processes
from usernet.control import points, sight
from usernet.control.attention import SAMPLE_NS, Attention
from usernet.control.capturing import Capture, Capturing
from usernet.control.document import Document, filters_named, targets
from usernet.control.subscription import Subscription
from usernet.control.wording import Wording
from usernet.errors import CaptureError, ConfigError, EngineError, GenerationError
from usernet.net.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from usernet.config.apps import App
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario
    from usernet.config.timeline import Target
    from usernet.engine import Statistics
    from usernet.net.emulation import Emulation
    from usernet.net.recorder import Recording

__all__ = ["Capture", "Control"]

_SAMPLES = 4000
"""How many samples a report has: 10 MB."""
_POINTS = 3000
"""How many points are kept: ten minutes."""
_MOST_DROPS = 20
"""Drops of one point that are told one by one."""
_TALKERS_EACH = 5
"""Points between two lists of who talks: a second."""
_SIDES = ("rtt", "both", *DIRECTIONS)
_EVERY: frozenset[Target] = frozenset((None, way, key) for way in DIRECTIONS for key in FIELDS)


class Control:
    """A running line: its config, what happens on it, and changes of it; safe from any thread.

    Every change is checked whole before any of it is done, and is done when the call returns.

    Args:
        emulation: The line that runs.
        document: What it runs, as it was typed.
        names: What the two ends are called.
        knows_owners: Whether somebody finds out whose a packet is, so that flows go by process.
    """

    def __init__(
        self,
        emulation: Emulation,
        document: Document,
        names: tuple[str, str] = ("", ""),
        *,
        knows_owners: bool = False,
    ) -> None:
        self._emulation = emulation
        self._document = document
        self._knows_owners = knows_owners
        self._wording = Wording(document.files)
        self._lock = threading.RLock()
        self._generation = 1
        self._subscriptions: list[Subscription] = []
        self._recorder = Recorder(SAMPLE_NS, _SAMPLES)
        self._points: deque[dict[str, object]] = deque(maxlen=_POINTS)
        self._capturing = Capturing(emulation)
        self._problem: ConfigError | None = None
        self._last = emulation.statistics()
        self._recorder.add(self._last)
        self.names: tuple[str, str] = names
        self.is_over: bool = False
        self._seen = emulation.link
        self._talkers: dict[str, object] = {}
        self._dropped = 0
        self._looks = 0
        self._attention = Attention()
        self._final: dict[str, object] = {}

    # What it is ---------------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        """What runs, as it was typed."""
        return self._document

    @property
    def generation(self) -> int:
        """The number of the config that runs: it grows by one with every change."""
        return self._generation

    def read(self) -> tuple[int, Document]:
        """The config that runs, with its number."""
        with self._lock:
            return self._generation, self._document

    def present(self) -> dict[str, object]:
        """What the line is at this moment, as texts, with where its scenario is."""
        with self._lock:
            return self._final if self.is_over else self._present()

    def present_link(self) -> Link:
        """What the line is at this moment, as it was read."""
        with self._lock:
            return self._emulation.link

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath."""
        with self._lock:
            return self._last if self.is_over else self._emulation.statistics()

    def points(self, since: float = 0.0) -> list[dict[str, object]]:
        """What happened, over the last minutes: the points after this time.

        One each fifth of a second while somebody watches or asks, and each two seconds else.
        """
        with self._lock:
            if not self.is_over:
                self._attention.ask(self._emulation.elapsed_ns())
            return [one for one in self._points if _time(one) > since]

    def talkers(self) -> dict[str, object]:
        """Who talks most in each direction, since the start."""
        with self._lock:
            return self._talkers if self.is_over else sight.talkers(self._emulation)

    def drops(self, after: int = 0) -> dict[str, object]:
        """The latest drops: those behind so many."""
        with self._lock:
            if self.is_over:
                return {"count": self._dropped, "latest": []}
            return sight.drops(self._emulation.drops(after))

    def recording(self) -> Recording:
        """The statistics of the run so far, over time."""
        with self._lock:
            self._recorder.add(self.statistics())
            return self._recorder.recording()

    def history(self) -> list[tuple[int, Link]]:
        """What the line was, and since when on the engine's clock."""
        with self._lock:
            return self._emulation.changes()

    @property
    def scenario(self) -> Scenario:
        """What runs, as it was read."""
        return self._document.scenario

    # Changes ------------------------------------------------------------------------------------

    def replace(self, table: Mapping[str, object], if_generation: int | None = None) -> int:
        """Run another config; the number that it gets.

        Args:
            table: The tables of a scenario.
            if_generation: Only if this is the generation that runs.

        Raises:
            GenerationError: Another one runs.
            ConfigError: It cannot be; nothing has changed.
            EngineError: The line is over.
        """
        return self._change(lambda document: document.replaced(table), if_generation)

    def patch(self, patch: Mapping[str, object], if_generation: int | None = None) -> int:
        """Change some values: ``{"down": {"rate": "1mbit"}}``; the new generation.

        They hold from now on, whatever the timeline said before. None takes a value out.

        Raises:
            GenerationError: As `replace`, as the others.
        """
        touched = targets(patch)
        return self._change(lambda old: old.patched(patch), if_generation, touched, by_name=True)

    def rewrite(self, change: Callable[[Document, Link], Mapping[str, object]]) -> int:
        """Run the tables that a function makes of what runs; the new generation.

        Raises:
            ConfigError: It cannot be; nothing has changed.
        """
        with self._lock:
            table = change(self._document, self._emulation.link)
            return self.replace(table)

    def apply_profile(self, name: str | None, if_generation: int | None = None) -> int:
        """Let the link be as a profile says, and its flows as they are; the new generation."""
        return self._change(lambda document: document.with_profile(name), if_generation, _EVERY)

    def add_flow(
        self, flow: Mapping[str, object], at: int | None = None, if_generation: int | None = None
    ) -> int:
        """Add a flow at a place in the order, or last; the new generation."""
        return self._change(lambda document: document.with_flow(flow, at), if_generation)

    def change_flow(
        self, name: str, change: Mapping[str, object], if_generation: int | None = None
    ) -> int:
        """Change a flow's filter, name or sides; the new generation."""
        sides = {key: value for key, value in change.items() if key in _SIDES}
        touched = targets({"flow": {name: sides}})
        return self._change(
            lambda old: old.with_changed_flow(name, change), if_generation, touched, by_name=True
        )

    def remove_flow(self, name: str, if_generation: int | None = None) -> int:
        """Take a flow away; what it holds still arrives. The new generation."""
        return self._change(lambda document: document.without_flow(name), if_generation)

    def move_flow(self, name: str, to: int, if_generation: int | None = None) -> int:
        """Put a flow at another place in the order, from 0; the new generation."""
        return self._change(lambda document: document.with_moved_flow(name, to), if_generation)

    def play(self) -> None:
        """Let the scenario's time pass."""
        self._steer(self._emulation.play)

    def pause(self) -> None:
        """Let the scenario stand where it is."""
        self._steer(self._emulation.pause)

    def seek(self, position_ns: int) -> None:
        """Go to this place of the scenario.

        Raises:
            ConfigError: It is beyond the end, or the scenario contradicts itself there.
        """
        self._steer(lambda: self._emulation.seek(position_ns))

    # Captures -----------------------------------------------------------------------------------

    @property
    def capture(self) -> Capture | None:
        """The capture that was begun last, while the line ran."""
        return self._capturing.latest

    def start_capture(self, path: Path) -> Capture:
        """Write a capture from now on.

        Raises:
            ConfigError: One is written already.
            CaptureError: It cannot be written.
            EngineError: The line is over.
        """
        with self._lock:
            self._refuse_over()
            begun = self._capturing.start(path)
            self._tell("capture", self._capturing.state())
            return begun

    def stop_capture(self) -> Capture:
        """End the capture that `start_capture` began.

        Raises:
            ConfigError: None is written.
            CaptureError: Its end could not be written.
        """
        with self._lock:
            was_running = self._capturing.is_running
            try:
                return self._capturing.stop()
            finally:
                if was_running:
                    self._tell("capture", self._capturing.state())

    # Who watches --------------------------------------------------------------------------------

    def subscribe(self, wake: Callable[[], object] | None = None) -> Subscription:
        """Hear of every point and every change from now on; first of what is now."""
        subscription = Subscription(wake)
        with self._lock:
            self._attention.begin()
            subscription.put(("present", self.present()))
            self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Hear nothing more."""
        with self._lock:
            self._subscriptions = [one for one in self._subscriptions if one is not subscription]

    @property
    def is_watched(self) -> bool:
        """Whether anybody hears of every point."""
        return bool(self._subscriptions)

    @property
    def look_seconds(self) -> float:
        """How many seconds may pass until the next `check`, unless this becomes readable."""
        now = self._last.time_ns if self.is_over else self._emulation.elapsed_ns()
        return self._attention.pause(now, is_watched=self.is_watched)

    def fileno(self) -> int:
        """Readable when somebody begins to watch: then `check` is to be called, and often."""
        return self._attention.fileno()

    # Whoever looks after the line ---------------------------------------------------------------

    def check(self) -> Statistics:
        """Look after the line, and tell who watches what happened; everything counted.

        Raises:
            CaptureError: A capture that was there from the start could not be written.
            EngineError: The engine has stopped.
        """
        self._attention.take()
        with self._lock:
            self._look_after()
            now = self._emulation.statistics()
            self._recorder.add(now)
            if now.time_ns - self._last.time_ns >= SAMPLE_NS * 9 // 10:
                self._add_point(now)
            self._tell_problem()
            return now

    def end(self) -> Statistics:
        """The line is about to stop: whoever watches hears of it; everything counted.

        From then on it can be read, as it was, and not be changed.
        """
        with self._lock:
            if not self.is_over:
                self._last = self._emulation.statistics()
                self._recorder.add(self._last)
                self._final = self._present()
                self._talkers = sight.talkers(self._emulation)
                self._dropped = self._emulation.drops().count
                self.is_over = True
                self._tell("end", {"generation": self._generation})
            return self._last

    def elapsed_ns(self) -> int:
        """How long it has run."""
        return self._emulation.elapsed_ns()

    def stop(self) -> None:
        """Stop the line; the interfaces are left as they were.

        Raises:
            CaptureError: The end of a capture could not be written.
        """
        with suppress(EngineError):  # it may have stopped by itself
            self.end()
        with self._lock:
            try:
                self._emulation.stop()
            except CaptureError as error:
                if not self._capturing.is_own(error):
                    raise

    def renew_first(self, first: App) -> None:
        """Give the first end of the line another config, while all else goes on.

        Raises:
            ConfigError: It cannot be; the present one stays.
        """
        with self._lock:
            self._emulation.renew_first(first)

    def position_ns(self) -> int:
        """How far the scenario has come."""
        return self._emulation.position_ns()

    # --------------------------------------------------------------------------------------------

    def _change(
        self,
        change: Callable[[Document], Document],
        if_generation: int | None,
        touched: Collection[Target] = (),
        *,
        by_name: bool = False,
    ) -> int:
        with self._lock:
            self._refuse_over()
            if if_generation is not None and if_generation != self._generation:
                raise _overtaken(if_generation, self._generation)
            new = change(self._document)
            if not self._knows_owners:
                refuse_processes(new.scenario)
            flows = self._document.scenario.link.flows if by_name else ()
            with filters_named([flow.name for flow in flows]):
                self._emulation.change(new.scenario, touched)
            self._document = new
            self._generation += 1
            self._tell_present()
            return self._generation

    def _steer(self, steer: Callable[[], None]) -> None:
        with self._lock:
            self._refuse_over()
            steer()
            self._tell_present()

    def _refuse_over(self) -> None:
        """Its engine may run on for a moment: nobody would see what is changed now."""
        if self.is_over:
            raise EngineError("the line is over")

    def _tell_present(self) -> None:
        """Tell what the line is, where anybody hears it."""
        self._seen = self._emulation.link
        if self._subscriptions:
            self._tell("present", self._present())

    def _present(self) -> dict[str, object]:
        link = self._emulation.link
        playback = self._emulation.playback
        return {
            "generation": self._generation,
            "time": self._emulation.elapsed_ns() / 1e9,
            "position": self._emulation.position_ns() / 1e9,
            "playing": playback.is_playing,
            "names": list(self.names),
            "profile": self._document.table.get("profile"),
            **self._wording.present(self._document, link),
            "capture": self._capturing.state(),
        }

    def _look_after(self) -> None:
        try:
            self._emulation.check()
        except CaptureError as error:
            if not self._capturing.is_own(error):
                raise
            self._give_up_capture(error)

    def _give_up_capture(self, error: CaptureError) -> None:
        """A full disk ends the capture that somebody began, not the line."""
        if self._capturing.is_running:
            with suppress(CaptureError):
                self.stop_capture()
        if self._capturing.fail(error):
            self._tell("problem", {"message": str(error)})

    def _add_point(self, now: Statistics) -> None:
        link = self._emulation.link
        point = {
            "generation": self._generation,
            "position": self._emulation.position_ns() / 1e9,
            "playing": self._emulation.playback.is_playing,
            **points.point(self._last, now, link),
        }
        if link != self._seen:  # the timeline has moved it
            self._tell_present()
        self._points.append(point)
        self._last = now
        self._tell("point", point)
        if self._subscriptions:
            self._tell_sight()

    def _tell_sight(self) -> None:
        found = self._emulation.drops(self._dropped)
        if found.count != self._dropped:
            latest = found.latest[-_MOST_DROPS:]
            self._tell("drops", sight.drops(replace(found, latest=latest)))
        self._dropped = found.count
        self._looks += 1
        if self._looks % _TALKERS_EACH == 0:
            self._tell("talkers", sight.talkers(self._emulation))

    def _tell_problem(self) -> None:
        problem = self._emulation.playback.problem
        if problem is not None and problem is not self._problem:
            self._tell("problem", {"message": str(problem), "path": problem.path})
        self._problem = problem

    def _tell(self, kind: str, values: dict[str, object]) -> None:
        self._subscriptions = [one for one in self._subscriptions if one.put((kind, values))]


def _time(point: Mapping[str, object]) -> float:
    time = point["time"]
    return time if isinstance(time, float) else 0.0


def _overtaken(given: int, present: int) -> GenerationError:
    problem = f"the config is of generation {present} by now, and the change is for {given}"
    allowed = "read it again, and change that"
    return GenerationError(problem, given=given, present=present, allowed=allowed)
