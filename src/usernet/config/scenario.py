"""A scenario: a link, its flows and how they change, with a seed. One TOML file.

::

    seed = 7
    description = "What it is"        # and source = "where its numbers are from"
    duration = "60s"
    profile = "lte"                   # what to start from
    rtt = "80ms"                      # or in [both]; half of it each way

    [both]                            # keys of an impairment
    loss = "1%"
    [up]
    rate = "1mbit"
    [down]
    rate = "10mbit"

    [[flow]]
    name = "dns"
    filter = "udp port 53"
    down = { delay = "3s" }           # instead of the link's

    share = "office"                  # and then, with its part, through what others share
    weight = 3

    [[bottleneck]]
    name = "office"
    down = { rate = "5mbit" }

    [[at]]                            # see usernet.config.event
    time = "10s"
    set = { down = { rate = "1mbit" } }
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Self, TypeAlias, cast

from usernet.config import units
from usernet.config.event import Event, Ramp, Set
from usernet.config.known import known
from usernet.config.link import SIDES, Bottleneck, Flow, Link, Sides, as_text, check_names
from usernet.errors import ConfigError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ProfileResolver", "Scenario", "read_flow", "refuse_processes"]

_VERSION = 1
"""Of the language; a file need not name it."""
_MOST_WORDS = 4096
"""Characters of a flow that is kept for the next time that it is said."""
_KEYS = (
    "version",
    "seed",
    "description",
    "source",
    "duration",
    "profile",
    *SIDES,
    "flow",
    "bottleneck",
    "at",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A link and what happens to it.

    Attributes:
        link: Both directions and the flows, as they are at the start.
        timeline: What happens; at the same time, in this order.
        seed: Seed of all randomness; None leaves it to who runs it.
        duration_ns: How long it runs; None is for ever.
        description: What it is.
        source: Where its numbers are from.
        profile: Name of the profile it started from.
    """

    link: Link = field(default_factory=Link)
    timeline: tuple[Event, ...] = ()
    seed: int | None = None
    duration_ns: int | None = None
    description: str = ""
    source: str = ""
    profile: str = ""

    @classmethod
    def of(
        cls,
        table: Mapping[str, object],
        profile: Callable[[str], Scenario] | None = None,
        flow: Callable[[object, str], Flow] | None = None,
    ) -> Self:
        """Read the tables of a file.

        Args:
            table: What the file holds.
            profile: Finds a profile by its name; None if there are none.
            flow: Reads a flow, given its key path, in place of `read_flow`.

        Raises:
            ConfigError: If a key is unknown, a value wrong, or two contradict each other.
        """
        for name in table:
            known(name, _KEYS, path=name)
        if table.get("version", _VERSION) != _VERSION:
            version = table["version"]
            allowed = f"{_VERSION}, or a newer usernet"
            raise ScenarioError("another version", path="version", value=version, allowed=allowed)
        base = _base(table, profile)
        sides = Sides.of({key: table[key] for key in SIDES if key in table})
        read = flow or read_flow
        flows = tuple(read(entry, place) for place, entry in _entries(table, "flow"))
        shared = (Bottleneck.of(entry, place) for place, entry in _entries(table, "bottleneck"))
        bottlenecks = (*shared, *base.link.bottlenecks)
        events = tuple(Event.of(entry, place) for place, entry in _entries(table, "at"))
        link = replace(base.link, flows=(*flows, *base.link.flows), bottlenecks=bottlenecks)
        link = link.patched(sides)
        _check_names(link, events)
        texts = (as_text(table[key], key) if key in table else "" for key in _TEXTS)
        return cls(link, (*base.timeline, *events), *_numbers(table, base), *texts)

    def check_position(self, position_ns: int) -> None:
        """Check that there is such a place: a line that is behind its scenario's end is over.

        Raises:
            ConfigError: It is beyond the end.
        """
        end = self.duration_ns
        if end is not None and position_ns > end:
            value, allowed = units.duration_text(position_ns), f"0 to {units.duration_text(end)}"
            raise ScenarioError("beyond the end", path="position", value=value, allowed=allowed)


def refuse_processes(scenario: Scenario) -> None:
    """Refuse flows by process where nobody can say whose a packet is: they would never match.

    Raises:
        ConfigError: There is one.
    """
    for index, flow in enumerate(scenario.link.flows):
        if flow.process:
            problem, place = "nobody knows whose packets these are", f"flow[{index}].process"
            allowed = "a filter, here; usernet run has processes"
            raise ConfigError(problem, path=place, value=flow.process, allowed=allowed)


def read_flow(table: object, path: str) -> Flow:
    """Read a flow; one that is said in the same words is the same one.

    So to say hundreds again costs little more than the one among them that is another.

    Args:
        table: A table of ``[[flow]]``.
        path: Its key path, to name in an error.

    Raises:
        ConfigError: It is no flow.
    """
    try:
        return _flow_of(json.dumps(table))
    except (TypeError, ValueError):
        return Flow.of(table, path)  # which says where what is wrong


@lru_cache(maxsize=2048)
def _flow_of(words: str) -> Flow:
    if len(words) > _MOST_WORDS:  # a trace, say: too much to be kept
        raise ValueError
    return Flow.of(json.loads(words))


ProfileResolver: TypeAlias = Callable[[str], Scenario]
"""Finds a profile by its name; raises ConfigError for an unknown one."""

_TEXTS = ("description", "source", "profile")


def _base(table: Mapping[str, object], profile: ProfileResolver | None) -> Scenario:
    if "profile" not in table:
        return Scenario()
    name = as_text(table["profile"], "profile")
    if profile is None:
        raise ScenarioError("there are no profiles here", path="profile", value=name)
    base = profile(name)
    events = (replace(event, place=f"profile.{event.place}") for event in base.timeline)
    return replace(base, timeline=tuple(events))


def _entries(table: Mapping[str, object], key: str) -> list[tuple[str, object]]:
    """The entries of an array of tables, each with its key path."""
    entries = table.get(key, [])
    if not isinstance(entries, list):
        raise ScenarioError("an array of tables is expected", path=key, allowed=f"[[{key}]]")
    tables = cast("list[object]", entries)
    return [(f"{key}[{index}]", entry) for index, entry in enumerate(tables)]


def _numbers(table: Mapping[str, object], base: Scenario) -> tuple[int | None, int | None]:
    """Seed and duration."""
    seed, duration = base.seed, base.duration_ns
    if "seed" in table:
        seed = units.number(table["seed"], path="seed")  # type: ignore[arg-type]
    if "duration" in table:
        duration = units.nanoseconds(table["duration"], path="duration")  # type: ignore[arg-type]
    return seed, duration


def _check_names(link: Link, events: tuple[Event, ...]) -> None:
    check_names(link)
    names = {
        "flow": [flow.name for flow in link.flows],
        "bottleneck": [one.name for one in link.bottlenecks],
    }
    for event in events:
        if isinstance(event.action, (Set, Ramp)):
            place = f"{event.place}.{'set' if isinstance(event.action, Set) else 'ramp'}"
            for kind, name, _ in event.action.changes.parts():
                known(name, names[kind], path=f"{place}.{kind}.{name}", what=kind)
