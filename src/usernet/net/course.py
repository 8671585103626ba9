"""Course: hands what a scenario does to a line to the engine, some time ahead.

A line that follows a scenario can be changed besides. What the engine was told before cannot be
taken back; so each step told is told again as it is to be now. The engine does both at the same
moment, one after the other, before it looks at a packet.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from usernet.config import timeline
from usernet.engine.actions import Reconfigure, Start, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from usernet.config.apps import App
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario
    from usernet.engine.actions import Action

__all__ = ["AHEAD_NS", "Course", "Planner"]

AHEAD_NS = 5_000_000_000
"""How far ahead the engine is told what the timeline holds."""
_MOST_HISTORY = 4096


class Planner(Protocol):
    """What a course needs of an engine."""

    def schedule(self, at_ns: int, actions: Sequence[Action]) -> None:
        """Do these actions at a moment to come."""
        ...


class Course:
    """How a line changes over time.

    Args:
        scenario: What happens.
        impairments: The impairments of the line by name, where the link is this one.
        change: What the link is instead of what the scenario says.

    Attributes:
        history: What the link became, and when on the engine's clock; the last of it.
    """

    def __init__(
        self,
        scenario: Scenario,
        impairments: Callable[[Link], Mapping[str, App]],
        change: Callable[[Link], Link] | None = None,
    ) -> None:
        self._steps: Iterator[tuple[int, Link]] = timeline.steps(scenario)
        self._impairments = impairments
        _, self._link = next(self._steps)
        self._next = next(self._steps, None)
        self._start_ns = 0
        self._told: deque[tuple[int, Link]] = deque()
        self._change = change or _unchanged
        self._present = impairments(self.link)
        self.history: deque[tuple[int, Link]] = deque(maxlen=_MOST_HISTORY)

    @property
    def link(self) -> Link:
        """The link as it is now, as far as `forget` was told what time it is."""
        return self._change(self._link)

    @property
    def is_over(self) -> bool:
        """Whether the engine has been told everything."""
        return self._next is None

    @property
    def next_ns(self) -> int | None:
        """When the next step happens that the engine has not been told."""
        return None if self._next is None else self._start_ns + self._next[0]

    def begin(self, now_ns: int) -> None:
        """Say when on the engine's clock it starts."""
        self._start_ns = now_ns
        self.history.append((now_ns, self.link))

    def plan(self, engine: Planner, until_ns: int) -> None:
        """Tell the engine everything up to this moment of its clock."""
        while self._next is not None and self._start_ns + self._next[0] <= until_ns:
            at, link = self._start_ns + self._next[0], self._next[1]
            new = self._impairments(self._change(link))
            engine.schedule(at, _steps(self._present, new))
            self._told.append((at, link))
            self._present = new
            self._next = next(self._steps, None)

    def change(self, engine: Planner, now_ns: int, change: Callable[[Link], Link]) -> None:
        """From now on the link is what this makes of what the scenario says.

        Raises:
            ConfigError: That cannot be.
        """
        self.forget(now_ns)
        links = [(now_ns, self._link), *self._told]
        told = [(at, self._impairments(change(link))) for at, link in links]
        self._change = change
        self.history.append((now_ns, self.link))
        for at, new in told:
            engine.schedule(at, _all(self._present, new))
            self._present = new

    def forget(self, now_ns: int) -> None:
        """Let go of the steps that are past; the last of them is the link now."""
        while self._told and self._told[0][0] <= now_ns:
            at, self._link = self._told.popleft()
            self.history.append((at, self.link))


def _unchanged(link: Link) -> Link:
    return link


def _steps(old: Mapping[str, App], new: Mapping[str, App]) -> list[Action]:
    """The actions for what differs."""
    differing = {name: app for name, app in new.items() if old[name] != app}
    return _all(old, differing)


def _all(old: Mapping[str, App], new: Mapping[str, App]) -> list[Action]:
    """The actions that make all of these what they are to be, whatever they are."""
    actions: list[Action] = []
    for name, app in new.items():
        if old[name].keeps_state(app):
            actions.append(Reconfigure(name, app))
        else:
            actions += [Stop(name), Start(name, app)]
    return actions
