"""How a scenario's link changes over time, computed as far as it is asked for.

What happens at the same time happens in the order of the file. A set ends a ramp of the same
value; a ramp starts from the value of that moment and takes over from one that still runs.
Outages lie over all that: a direction is cut as long as any outage of it lasts, or its ``down``
is set.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

from usernet.config.chance import Chance
from usernet.config.event import Event, Outage, Ramp, Set
from usernet.config.fields import FIELDS, Patch
from usernet.config.link import DIRECTIONS, Bottleneck, Flow, Link, Sides
from usernet.config.loss import RandomLoss
from usernet.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from usernet.config.event import Changes
    from usernet.config.scenario import Scenario

__all__ = ["TICK_NS", "Progress", "Target", "check", "steps"]

TICK_NS = 100_000_000
"""Time between two steps of a ramp."""

_MOST_CHECKED = 10_000  # steps; beyond them a contradiction is found when it happens


def steps(scenario: Scenario, until: int | None = None) -> Iterator[tuple[int, Link]]:
    """The link at the start and after each change, in order.

    Args:
        scenario: What happens.
        until: Last time of interest in nanoseconds, included; None is for ever.

    Yields:
        Time in nanoseconds, and the link from then on.

    Raises:
        ConfigError: When a change contradicts what is set then; it names the entry.
    """
    return _steps(scenario, until, TICK_NS)


def check(scenario: Scenario) -> None:
    """Go once through all that happens, and raise ConfigError for what contradicts itself."""
    last = max((event.time_ns + event.lasts_ns for event in scenario.timeline), default=0)
    tick = max(last, 1)  # a ramp's end is enough
    for _ in itertools.islice(_steps(scenario, last, tick), _MOST_CHECKED):
        pass


def _steps(scenario: Scenario, until: int | None, tick: int) -> Iterator[tuple[int, Link]]:
    course = Progress.of(scenario, tick)
    if course.next_time != 0:
        yield 0, course.link
    while (now := course.next_time) is not None and (until is None or now <= until):
        course.happen(now)
        yield now, course.link


Target: TypeAlias = tuple[str | None, str, str]
"""A value: flow or bottleneck (None is the link), direction and key."""
_Subject: TypeAlias = "tuple[str | None, Link | Flow | Bottleneck, Link | Flow | Bottleneck]"
"""A part by name, or the link (None): what it was at the start, and what it is to have been."""
_Part = TypeVar("_Part", Flow, Bottleneck)


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A ramp under way: from what to what each of its targets moves."""

    start: int
    over: int
    place: str
    moves: Mapping[Target, tuple[object, object]]

    def values(self, now: int) -> dict[Target, object]:
        passed = min(now - self.start, self.over)
        return {
            target: _between(old, new, passed, self.over)
            for target, (old, new) in self.moves.items()
        }


@dataclass(frozen=True, slots=True)
class _End:
    """The end of an outage."""

    outage: Outage


_Due: TypeAlias = Event | _Running | _End


@dataclass(slots=True)
class Progress:
    """How far a scenario has come: the state of the link, and what is due."""

    settings: Link
    tick: int
    cuts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DIRECTIONS, 0))
    running: dict[Target, _Running] = field(default_factory=dict)
    agenda: list[tuple[int, int, int, _Due]] = field(default_factory=list)
    planned: int = 0

    @classmethod
    def of(cls, scenario: Scenario, tick: int = TICK_NS) -> Self:
        """At the start, before anything has happened."""
        progress = cls(scenario.link, tick)
        for order, event in enumerate(scenario.timeline):
            progress.plan(event.time_ns, order, event)
        return progress

    def copy(self) -> Progress:
        """Another that starts from here."""
        cuts, running, agenda = dict(self.cuts), dict(self.running), list(self.agenda)
        return replace(self, cuts=cuts, running=running, agenda=agenda)

    @property
    def next_time(self) -> int | None:
        """When something happens next."""
        return self.agenda[0][0] if self.agenda else None

    @property
    def link(self) -> Link:
        """The link as it is now."""
        cut = {direction: bool(count) for direction, count in self.cuts.items()}
        return self.settings.cut(**cut) if any(cut.values()) else self.settings

    def plan(self, time: int, order: int, due: _Due) -> None:
        """The count makes the order total, and keeps it that of planning."""
        self.planned += 1
        heapq.heappush(self.agenda, (time, order, self.planned, due))

    def happen(self, now: int) -> None:
        """Do all that is due at this time."""
        while self.next_time == now:
            _, order, _, due = heapq.heappop(self.agenda)
            if isinstance(due, Event):
                self._begin(now, order, due)
            elif isinstance(due, _Running):
                self._move(now, order, due)
            else:
                self._cut(due.outage, -1)

    def advance(self, until: int) -> None:
        """Do all that is due up to this time, included.

        Raises:
            ConfigError: A change contradicts what is set then.
        """
        while (now := self.next_time) is not None and now <= until:
            self.happen(now)

    def rebase(self, old: Link, new: Link, touched: Collection[Target] = ()) -> None:
        """Take over, as a set of now, what is different from the start on.

        Args:
            old: The link that this started from.
            new: What it is to have started from.
            touched: Values that hold from now on even where they are the same in both.

        Raises:
            ConfigError: That contradicts what is set now.
        """
        present = self.settings
        flows = _as_they_are(new.flows, present.flows)
        bottlenecks = _as_they_are(new.bottlenecks, present.bottlenecks)
        self.settings = replace(
            new, up=present.up, down=present.down, flows=flows, bottlenecks=bottlenecks
        )
        known = {part.name: part for part in old.parts}
        stay = [part for part in new.parts if type(part) is type(known.get(part.name))]
        about = {name for name, _, _ in touched}
        subjects: list[_Subject] = [(None, old, new)]
        subjects += [
            (part.name, known[part.name], part)
            for part in stay
            if part is not known[part.name] or part.name in about
        ]
        names = {None, *(part.name for part in stay)}
        self.running = {key: ramp for key, ramp in self.running.items() if key[0] in names}
        different = (_different(subject, touched) for subject in subjects)
        self._set(dict(itertools.chain.from_iterable(different)), "")

    def _begin(self, now: int, order: int, event: Event) -> None:
        action = event.action
        if event.repeat_ns is not None:
            self.plan(now + event.repeat_ns, order, event)
        if isinstance(action, Set):
            self._set(_targets(action.changes), f"{event.place}.set")
        elif isinstance(action, Ramp):
            self._ramp(now, order, action, f"{event.place}.ramp")
        else:
            self._cut(action, 1)
            self.plan(now + action.duration_ns, order, _End(action))

    def _set(self, values: Mapping[Target, object], place: str) -> None:
        for target in values:
            self.running.pop(target, None)
        self._assign(values, place)

    def _ramp(self, now: int, order: int, ramp: Ramp, place: str) -> None:
        ends = _targets(ramp.changes)
        moves = {target: (self._value(target, place), end) for target, end in ends.items()}
        running = _Running(now, ramp.over_ns, place, moves)
        self.running |= dict.fromkeys(moves, running)
        self.plan(now + min(self.tick, ramp.over_ns), order, running)

    def _move(self, now: int, order: int, ramp: _Running) -> None:
        """Move what no later entry has taken over."""
        values = ramp.values(now)
        mine = {target: values[target] for target in values if self.running.get(target) is ramp}
        self._assign(mine, ramp.place)
        end = ramp.start + ramp.over
        if now >= end:
            self.running = {key: other for key, other in self.running.items() if other is not ramp}
        elif mine:
            self.plan(min(now + self.tick, end), order, ramp)

    def _cut(self, outage: Outage, count: int) -> None:
        self.cuts["up"] += count * outage.up
        self.cuts["down"] += count * outage.down

    def _assign(self, values: Mapping[Target, object], place: str) -> None:
        """Change each subject at once, so that values which need each other can come together."""
        for name in dict.fromkeys(subject for subject, _, _ in values):
            sides = Sides(*(_patch(values, name, direction) for direction in DIRECTIONS))
            if name is None:
                self.settings = self.settings.patched(sides, place)
            else:
                part = self.settings.part(name)
                self.settings = self.settings.with_part(part.patched(sides, _path(part, place)))

    def _value(self, target: Target, place: str) -> object:
        """The present value of what a ramp will move."""
        name, direction, key = target
        subject = self.settings if name is None else self.settings.part(name)
        value = getattr(getattr(subject, direction), key)
        if value is None and key in {"loss", "duplicate", "corrupt"}:
            return RandomLoss(0.0) if key == "loss" else Chance(0.0)
        if not isinstance(value, (int, float, RandomLoss, Chance)):
            where = place if isinstance(subject, Link) else _path(subject, place)
            raise ScenarioError(
                "a ramp needs a number to start from",
                path=f"{where}.{direction}.{key}",
                allowed=f"a value of {key} before",
            )
        return value


def _path(part: Flow | Bottleneck, place: str) -> str:
    kind = "flow" if isinstance(part, Flow) else "bottleneck"
    return f"{place}.{kind}.{part.name}" if place else f"{kind}.{part.name}"


def _as_they_are(new: Iterable[_Part], present: Iterable[_Part]) -> tuple[_Part, ...]:
    """The new parts; those that are there already with the impairments that they have now."""
    known = {part.name: part for part in present}
    return tuple(_as_it_is(part, known[part.name]) if part.name in known else part for part in new)


def _as_it_is(part: _Part, present: _Part) -> _Part:
    """A part with the impairments that it has now: mostly it is one of many that stay the same."""
    up = part.up is present.up or part.up == present.up
    if up and (part.down is present.down or part.down == present.down):
        return part
    return replace(part, up=present.up, down=present.down)


def _different(subject: _Subject, touched: Collection[Target]) -> Iterator[tuple[Target, object]]:
    """The values of one subject that differ, or are touched."""
    name, old, new = subject
    for direction in DIRECTIONS:
        before, after = getattr(old, direction), getattr(new, direction)
        if before is after and not any(target[:2] == (name, direction) for target in touched):
            continue
        for key in FIELDS:
            target, value = (name, direction, key), getattr(after, key)
            if target in touched or getattr(before, key) != value:
                yield target, value


def _targets(changes: Changes) -> dict[Target, object]:
    return {
        (name, direction, key): value
        for name, sides in changes.sides()
        for direction in DIRECTIONS
        for key, value in getattr(sides, direction).values
    }


def _patch(values: Mapping[Target, object], name: str | None, direction: str) -> Patch:
    chosen = [
        (target[2], value) for target, value in values.items() if target[:2] == (name, direction)
    ]
    return Patch(tuple(chosen))


def _between(old: object, new: object, passed: int, over: int) -> object:
    """The value on a straight line; exactly the new one at the end."""
    if passed == over:
        return new
    if isinstance(old, int) and isinstance(new, int):
        return old + (new - old) * passed // over
    if isinstance(old, float) and isinstance(new, float):
        return old + (new - old) * (passed / over)
    return _between_chances(old, new, passed / over)


def _between_chances(old: object, new: object, share: float) -> object:
    """Chances and random loss, whose absence is a probability of 0."""
    assert isinstance(old, (RandomLoss, Chance))
    end = replace(old, p=0.0, correlation=0.0) if new is None else new
    assert isinstance(end, (RandomLoss, Chance))
    p = old.p + (end.p - old.p) * share
    correlation = old.correlation + (end.correlation - old.correlation) * share
    return replace(old, p=p, correlation=correlation) if p else None
