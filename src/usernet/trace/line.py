"""A line as options have it: a mapping of what was given, from a command or of a file's values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from usernet.config.items import parse_items
from usernet.config.link import Bottleneck, Flow, Link, Sides, check_names
from usernet.config.load import read_table
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.trace import mahimahi, profiles
from usernet.trace import scenario as scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["OWN", "READERS", "read"]

PartT = TypeVar("PartT", Link, Flow, Bottleneck)
OWN = frozenset({"profile", "scenario", "flow", "bottleneck", "rtt", "up", "down", "seed"})
"""Keys that are no impairment of both directions."""


def read(given: Mapping[str, object]) -> Scenario:
    """The scenario that options describe.

    Args:
        given: ``profile`` or ``scenario`` (a file), ``seed``, ``rtt``, ``up``, ``down``, ``flow``
            and ``bottleneck`` (texts of items, or tables), and impairments of both directions by
            their keys. What is None is not given.

    Raises:
        ConfigError: A key or a value is wrong, or two contradict each other.
        TraceError: A trace is not one.
    """
    keys = {key: value for key, value in given.items() if value is not None}
    base = _base(keys)
    both = {key: value for key, value in keys.items() if key not in OWN}
    parts = {"rtt": keys.get("rtt"), "both": both, "up": keys.get("up"), "down": keys.get("down")}
    sides = Sides.of({key: value for key, value in parts.items() if value})
    link = _with_parts(base.link.patched(sides), keys)
    check_names(link)
    link = _with_files(link)
    return replace(base, link=link, seed=cast("int | None", keys.get("seed", base.seed)))


def _with_parts(link: Link, keys: Mapping[str, object]) -> Link:
    """With flows and bottlenecks before those that are there."""
    flows = tuple(Flow.of(table, place) for place, table in _tables(keys, "flow"))
    shared = tuple(Bottleneck.of(table, place) for place, table in _tables(keys, "bottleneck"))
    bottlenecks = (*shared, *link.bottlenecks)
    return replace(link, flows=(*flows, *link.flows), bottlenecks=bottlenecks)


def _tables(keys: Mapping[str, object], key: str) -> Iterator[tuple[str, object]]:
    several = cast("Sequence[object]", keys.get(key, ()))
    for index, one in enumerate(several):
        place = f"{key}[{index}]"
        try:
            yield place, parse_items(one) if isinstance(one, str) else one
        except ConfigError as error:
            raise error.within(place) from None


def _base(keys: Mapping[str, object]) -> Scenario:
    profile, scenario = keys.get("profile"), keys.get("scenario")
    if profile is not None and scenario is not None:
        allowed = 'name the profile in the file: profile = "…"'
        raise ConfigError("--profile and --scenario", allowed=allowed)
    if scenario is not None:
        return scenarios.load(Path(str(scenario)))
    return Scenario() if profile is None else profiles.load(str(profile))


def _with_files(link: Link) -> Link:
    """Read the files that options name, from where the command runs."""

    def read(part: PartT) -> PartT:
        return replace(part, up=part.up.with_files(READERS), down=part.down.with_files(READERS))

    flows = tuple(read(flow) for flow in link.flows)
    return read(replace(link, flows=flows, bottlenecks=tuple(map(read, link.bottlenecks))))


def _trace(name: str) -> tuple[int, ...]:
    try:
        return mahimahi.read(name)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(problem, path="trace", value=name) from None


def _distribution(name: str) -> tuple[int, ...]:
    return read_table(Path(name))


READERS: Mapping[str, Callable[[str], tuple[int, ...]]] = {
    "trace": _trace,
    "distribution": _distribution,
}
"""How the files are read that options name."""
