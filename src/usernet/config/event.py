"""What happens to a link at some time: an entry ``[[at]]`` of a scenario.

::

    [[at]]
    time = "10s"                                  # after the start
    set = { down = { rate = "1mbit" } }           # or rtt, both, up, flow.NAME, bottleneck.NAME
    [[at]]
    time = "20s"
    ramp = { down = { rate = "4mbit" } }          # from what it is then, in steps of 100 ms
    over = "10s"
    [[at]]
    time = "40s"
    outage = "2s"
    direction = "up"                              # both without it
    repeat = "15s"                                # again each 15 s, for ever
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeAlias

from usernet.config import units
from usernet.config.chance import Chance
from usernet.config.known import known
from usernet.config.link import DIRECTIONS, SIDES, Sides, as_table
from usernet.config.loss import RandomLoss
from usernet.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.fields import Patch

__all__ = ["RAMPED", "Changes", "Event", "Outage", "Ramp", "Set"]

RAMPED = (
    "delay",
    "jitter",
    "jitter_correlation",
    "loss",
    "duplicate",
    "corrupt",
    "rate",
    "mtu",
)
"""The keys that a ramp can move: those that are numbers."""

_SHORTEST_REPEAT = 1_000_000  # 1 ms: the clock of mahimahi's traces, and finer than any link


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes, on the link, on its flows and on what they share.

    Attributes:
        link: Changes of the link.
        flows: Name of a flow and its changes.
        bottlenecks: Name of a bottleneck and its changes.
    """

    link: Sides = field(default_factory=Sides)
    flows: tuple[tuple[str, Sides], ...] = ()
    bottlenecks: tuple[tuple[str, Sides], ...] = ()

    @classmethod
    def of(cls, value: object, path: str) -> Self:
        """Read a table with the keys of `SIDES`, ``flow`` and ``bottleneck``."""
        table = as_table(value, path)
        for name in table:
            known(name, (*SIDES, *_PARTS), path=f"{path}.{name}")
        sides = Sides.of({key: table[key] for key in table if key in SIDES}, path)
        return cls(sides, *(_of_parts(table.get(kind, {}), f"{path}.{kind}") for kind in _PARTS))

    def sides(self) -> tuple[tuple[str | None, Sides], ...]:
        """The link (None), the flows and the bottlenecks by name, each with its changes."""
        return ((None, self.link), *self.flows, *self.bottlenecks)

    def parts(self) -> tuple[tuple[str, str, Sides], ...]:
        """The flows and the bottlenecks, each with its kind, its name and its changes."""
        several = zip(_PARTS, (self.flows, self.bottlenecks), strict=True)
        return tuple((kind, name, sides) for kind, each in several for name, sides in each)


@dataclass(frozen=True, slots=True)
class Set:
    """Values change at once; a ramp that moves one of them ends.

    Attributes:
        changes: What changes.
    """

    changes: Changes


@dataclass(frozen=True, slots=True)
class Ramp:
    """Values move in a straight line, in steps of 100 ms.

    Attributes:
        changes: What they become.
        over_ns: How long that takes.
    """

    changes: Changes
    over_ns: int


@dataclass(frozen=True, slots=True)
class Outage:
    """The line is cut; it is back when all outages that overlap are over.

    Attributes:
        duration_ns: How long.
        up: Whether upwards.
        down: Whether downwards.
    """

    duration_ns: int
    up: bool = True
    down: bool = True


Action: TypeAlias = Set | Ramp | Outage


@dataclass(frozen=True, slots=True)
class Event:
    """What happens, when, and how often.

    Attributes:
        time_ns: When it first happens, from the start.
        action: What happens.
        repeat_ns: Time from each time it happens to the next; None is once.
        place: Its key path in the file, for errors.
    """

    time_ns: int
    action: Action
    repeat_ns: int | None = None
    place: str = field(default="at", compare=False)

    @classmethod
    def of(cls, value: object, place: str = "at") -> Self:
        """Read one entry.

        Raises:
            ConfigError: If a key is unknown, missing or wrong, or keys contradict each other.
        """
        table = as_table(value, place)
        for name in table:
            known(name, _KEYS, path=f"{place}.{name}")
        action = _action(table, place)
        repeat = _time(table, "repeat", place) if "repeat" in table else None
        _check_repeat(repeat, action, place)
        time = units.nanoseconds(_needed(table, "time", place), path=f"{place}.time")  # type: ignore[arg-type]
        return cls(time, action, repeat, place)

    @property
    def lasts_ns(self) -> int:
        """How long one time of it lasts."""
        if isinstance(self.action, Set):
            return 0
        return self.action.over_ns if isinstance(self.action, Ramp) else self.action.duration_ns


_PARTS = ("flow", "bottleneck")
_ACTIONS = ("set", "ramp", "outage")
_KEYS = ("time", *_ACTIONS, "over", "direction", "repeat")
_FROM_NONE = ("loss", "duplicate", "corrupt")  # none of them is 0 of them
_COMPANIONS = {"over": "ramp", "direction": "outage"}


def _action(table: Mapping[str, object], place: str) -> Action:
    kinds = [kind for kind in _ACTIONS if kind in table]
    if len(kinds) != 1:
        given = " and ".join(kinds) or "none"
        problem = f"{given} of the things that can happen"
        raise ScenarioError(problem, path=place, allowed=f"one of {', '.join(_ACTIONS)}")
    kind = kinds[0]
    for key, companion in _COMPANIONS.items():
        if key in table and companion != kind:
            raise ScenarioError(f"{key} without {companion}", path=f"{place}.{key}")
    if kind == "outage":
        return _outage(table, place)
    changes = Changes.of(table[kind], f"{place}.{kind}")
    return Set(changes) if kind == "set" else _ramp(changes, table, place)


def _ramp(changes: Changes, table: Mapping[str, object], place: str) -> Ramp:
    parts = ((f".{kind}.{name}", sides) for kind, name, sides in changes.parts())
    for path, sides in (("", changes.link), *parts):
        for direction in DIRECTIONS:
            _check_ramp(getattr(sides, direction), f"{place}.ramp{path}.{direction}")
    return Ramp(changes, _time(table, "over", place))


def _check_ramp(patch: Patch, path: str) -> None:
    """No loss with states, no rate without limit: there is nothing half way to them."""
    for key, value in patch.values:
        number = isinstance(value, (int, float, RandomLoss, Chance))
        if key not in RAMPED or not (number or (value is None and key in _FROM_NONE)):
            allowed = f"{', '.join(RAMPED)}; loss as a percentage"
            raise ScenarioError("a ramp needs a number", path=f"{path}.{key}", allowed=allowed)


def _outage(table: Mapping[str, object], place: str) -> Outage:
    sides = (*DIRECTIONS, "both")
    direction = str(table.get("direction", "both"))
    known(direction, sides, path=f"{place}.direction", what="direction")
    up, down = (direction in {side, "both"} for side in DIRECTIONS)
    return Outage(_time(table, "outage", place), up, down)


def _time(table: Mapping[str, object], key: str, place: str) -> int:
    """A duration that is not 0."""
    value = _needed(table, key, place)
    time = units.nanoseconds(value, path=f"{place}.{key}")  # type: ignore[arg-type]
    if not time:
        raise ScenarioError("a time of 0", path=f"{place}.{key}", value=value, allowed="more")
    return time


def _needed(table: Mapping[str, object], key: str, place: str) -> object:
    if key not in table:
        raise ScenarioError("is missing", path=f"{place}.{key}", allowed="a time such as 10s")
    return table[key]


def _check_repeat(repeat: int | None, action: Action, place: str) -> None:
    """Bound the work of a timeline, and refuse a line that never comes back."""
    if repeat is None:
        return
    if repeat < _SHORTEST_REPEAT:
        raise ScenarioError("too often", path=f"{place}.repeat", allowed="1ms or more")
    if isinstance(action, Outage) and action.duration_ns >= repeat:
        allowed = "more than the outage lasts"
        raise ScenarioError("never back", path=f"{place}.repeat", allowed=allowed)


def _of_parts(value: object, path: str) -> tuple[tuple[str, Sides], ...]:
    places = ((name, one, f"{path}.{name}") for name, one in as_table(value, path).items())
    return tuple((name, Sides.of(as_table(one, place), place)) for name, one, place in places)
