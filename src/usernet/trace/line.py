"""A line as options have it: a mapping of what was given, from a command or of a file's values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from usernet.config.link import Link, Sides
from usernet.config.load import read_table
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.trace import mahimahi, profiles
from usernet.trace import scenario as scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OWN", "READERS", "read"]

OWN = frozenset({"profile", "scenario", "rtt", "up", "down", "seed"})
"""Keys that are no impairment of both directions."""


def read(given: Mapping[str, object]) -> Scenario:
    """The scenario that options describe.

    Args:
        given: ``profile`` or ``scenario`` (a file), ``seed``, ``rtt``, ``up``, ``down``, and
            impairments of both directions by their keys. What is None is not given.

    Raises:
        ConfigError: A key or a value is wrong, or two contradict each other.
        TraceError: A trace is not one.
    """
    keys = {key: value for key, value in given.items() if value is not None}
    base = _base(keys)
    both = {key: value for key, value in keys.items() if key not in OWN}
    parts = {"rtt": keys.get("rtt"), "both": both, "up": keys.get("up"), "down": keys.get("down")}
    sides = Sides.of({key: value for key, value in parts.items() if value})
    link = _with_files(base.link.patched(sides))
    return replace(base, link=link, seed=cast("int | None", keys.get("seed", base.seed)))


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
    return replace(link, up=link.up.with_files(READERS), down=link.down.with_files(READERS))


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
