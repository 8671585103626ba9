"""Setting: what the marker of a test says, read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

from usernet.config import units
from usernet.config.known import known
from usernet.config.link import Link, LinkKeys, Sides
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.testing.layouts import LAYOUTS, Hosts
from usernet.trace import profiles, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.net.network import Network

__all__ = ["KEYS", "Layout", "Setting"]

Layout: TypeAlias = "Callable[[Network, Scenario], object]"
"""Builds a network whose links are like this."""

_OWN_KEYS = ("profile", "scenario", "seed", "topology", "hosts", "real_time", "strict")
KEYS = (*_OWN_KEYS, *LinkKeys.__annotations__)
"""The keys of the marker."""

_PAIR = {"client": ("10.0.0.1/24", "fd00::1/64"), "server": ("10.0.0.2/24", "fd00::2/64")}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a test asks for.

    Attributes:
        line: What links are like.
        seed: What all randomness follows from; None leaves it to who runs the test.
        topology: The name of a layout, or a function that builds the network.
        hosts: Names of hosts, and their addresses where they are to have certain ones.
        real_time: Whether it runs in real time.
        strict: Whether a connection by the operating system's network fails the test.
    """

    line: Scenario = field(default_factory=Scenario)
    seed: int | None = None
    topology: str | Layout = "pair"
    hosts: Hosts = field(default_factory=lambda: dict(_PAIR))
    real_time: bool = False
    strict: bool = True

    @classmethod
    def of(cls, keys: Mapping[str, object], folder: Path) -> Setting:
        """Read the keys of a marker.

        Args:
            keys: Keys among `KEYS`, and values.
            folder: Where the test is; files are found relative to it.

        Raises:
            ConfigError: A key is unknown or a value wrong.
            TraceError: A trace that the scenario names is not one.
        """
        for name in keys:
            known(name, KEYS, path=name)
        base = _base(keys, folder)
        effects = {name: value for name, value in keys.items() if name not in _OWN_KEYS}
        line = Scenario(
            base.link.patched(Sides.of_keys(effects)), base.timeline, base.seed, base.duration_ns
        )
        topology = _topology(keys.get("topology", "pair"))
        return cls(
            line,
            _seed(keys.get("seed", base.seed)),
            topology,
            _hosts(keys.get("hosts"), topology),
            _flag(keys, "real_time", default=False),
            _flag(keys, "strict", default=True),
        )

    def build(self, network: Network) -> None:
        """Put hosts and links into a network.

        Raises:
            ConfigError: That cannot be.
        """
        if isinstance(self.topology, str):
            LAYOUTS[self.topology](network, self.line, self.hosts)
        else:
            self.topology(network, self.line)


def _base(keys: Mapping[str, object], folder: Path) -> Scenario:
    """The profile or the scenario file that the marker names."""
    if "profile" in keys and "scenario" in keys:
        allowed = "one of them; a scenario may name a profile"
        raise ConfigError("a profile and a scenario", path="scenario", allowed=allowed)
    if "profile" in keys:
        return profiles.load(str(keys["profile"]))
    if "scenario" in keys:
        return scenario.load(folder / str(keys["scenario"]))
    return Scenario(Link())


def _seed(value: object) -> int | None:
    return None if value is None else units.number(value, path="seed")  # type: ignore[arg-type]


def _topology(value: object) -> str | Layout:
    if callable(value):
        return cast("Layout", value)
    return known(str(value), LAYOUTS, path="topology", what="topology")


def _hosts(value: object, topology: str | Layout) -> Hosts:
    if value is None:
        return dict(_PAIR)
    if not isinstance(topology, str):
        problem = "a topology of one's own has hosts of its own"
        raise ConfigError(problem, path="hosts", allowed="hosts with a topology by name")
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {name: _addresses(given) for name, given in table.items()}
    if isinstance(value, str) or not isinstance(value, Sequence):
        allowed = '("client", "server"), or names and addresses'
        raise ConfigError("names are expected", path="hosts", value=str(value), allowed=allowed)
    return {str(name): () for name in cast("Sequence[object]", value)}


def _addresses(given: object) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(map(str, cast("Sequence[object]", given)))


def _flag(keys: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = keys.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError("not a flag", path=name, value=str(value), allowed="True or False")
    return value
