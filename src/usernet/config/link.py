"""Both directions of a link, and the flows on it that have impairments of their own.

*Up* is from the first of two interfaces (or the program) to the second (or the world), *down*
is back. What is said of *both* directions goes under what is said of one: a profile, then
``both``, then ``up`` and ``down``. ``rtt`` is a delay of both, half of it each way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeAlias, cast

from usernet.config import units
from usernet.config.fields import EffectKeys, Patch
from usernet.config.impairment import Impairment
from usernet.config.items import parse_items
from usernet.config.known import known
from usernet.errors import ConfigError, ScenarioError

if TYPE_CHECKING:
    from usernet.config.units import Duration

__all__ = [
    "DIRECTIONS",
    "OWN",
    "SIDES",
    "Bottleneck",
    "Flow",
    "Link",
    "LinkKeys",
    "Side",
    "Sides",
    "check_names",
]

DIRECTIONS = ("up", "down")
"""The two directions."""
SIDES = ("rtt", "both", *DIRECTIONS)
"""The keys of a table that says something about both directions."""
OWN = "link"
"""What `Flow.share` calls the queue of the link itself."""

Side: TypeAlias = str | Mapping[str, object] | Impairment | None
"""Impairments of one side: items such as ``loss=2% rate=1mbit``, keys and values, or an
`Impairment`, of which those keys count that are not as by default."""


class LinkKeys(EffectKeys, total=False):
    """What one call can say of a link: effects of both directions, and of each."""

    rtt: units.Duration | None
    """Round trip time; half of it is the delay of each direction."""
    both: Side
    """Impairments of both directions."""
    up: Side
    """Impairments upwards, over those of both."""
    down: Side
    """Impairments downwards, over those of both."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is to change in each direction.

    Attributes:
        up: Upwards.
        down: Downwards.
    """

    up: Patch = field(default_factory=Patch)
    down: Patch = field(default_factory=Patch)

    @classmethod
    def of(cls, table: Mapping[str, object], path: str = "") -> Self:
        """Read a table whose keys are among `SIDES`.

        Raises:
            ConfigError: If a key is unknown, a value wrong, or ``rtt`` meets a ``delay``.
        """
        for name in table:
            known(name, SIDES, path=_under(path, name))
        return cls._read(table, Patch(), path)

    @classmethod
    def of_keys(cls, keys: Mapping[str, object], path: str = "") -> Self:
        """Read keys among those of `LinkKeys`; effects beside ``both`` are laid over it.

        Raises:
            ConfigError: As `of`.
        """
        for name in keys:
            known(name, LinkKeys.__annotations__, path=_under(path, name))
        effects = {name: value for name, value in keys.items() if name not in SIDES}
        table = {name: keys[name] for name in SIDES if keys.get(name) is not None}
        return cls._read(table, Patch.of(effects, path), path)

    @classmethod
    def _read(cls, table: Mapping[str, object], more: Patch, path: str) -> Self:
        both = dict(_keys(table.get("both"), _under(path, "both")))
        rtt = _round_trip(both, table.get("rtt"), path, delayed="delay" in dict(more.values))
        common = more.over(Patch.of(both, _under(path, "both")))
        sides: list[Patch] = []
        for half, name in zip(rtt, DIRECTIONS, strict=True):
            own = Patch.of(_keys(table.get(name), _under(path, name)), _under(path, name))
            sides.append(own.over(common).over(half))
        return cls(*sides)

    def over(self, earlier: Sides) -> Self:
        """Both, with this one's values where both have one."""
        return type(self)(self.up.over(earlier.up), self.down.over(earlier.down))


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets that match a filter, with impairments of their own instead of the link's.

    Attributes:
        name: Its name, for statistics and the timeline: one word.
        filter: An expression of pcap-filter(7), with ``remote`` and ``local`` besides; an empty one
            matches everything.
        up: What happens to its packets upwards.
        down: What happens to its packets downwards.
        process: What the process is called whose packets alone it takes, under ``usernet run``;
            anybody's where it is empty.
        share: The bottleneck that its packets go through behind that, together with others': its
            name, ``link`` for the link's own impairments, or empty for none.
        weight: Its part of that bottleneck, beside the weights of the others, 1 to 1000.
    """

    name: str
    filter: str
    up: Impairment = field(default_factory=Impairment)
    down: Impairment = field(default_factory=Impairment)
    process: str = ""
    share: str = ""
    weight: int = 1

    @classmethod
    def of(cls, table: object, path: str = "flow") -> Self:
        """Read a table with ``name``, ``filter`` or ``process``, and the keys of `SIDES`.

        Raises:
            ConfigError: If a key is unknown or missing, or a value wrong.
        """
        keys = dict(as_table(table, path))
        for name in keys:
            known(name, (*_NAMED, *_SHARING, *SIDES), path=_under(path, name))
        needed = ("name",) if "process" in keys else ("name", "filter")
        texts = {
            key: as_text(keys.pop(key, None), _under(path, key))
            for key in (*_NAMED, "share")
            if key in keys or key in needed
        }
        _check_name(texts["name"], _under(path, "name"))
        weight = _weight(keys.pop("weight", 1), _under(path, "weight"))
        flow = cls(
            texts["name"],
            texts.get("filter", ""),
            process=texts.get("process", ""),
            share=texts.get("share", ""),
            weight=weight,
        )
        if weight != 1 and not flow.share:
            allowed = "with share, beside which it counts"
            raise ConfigError(
                "a weight without a share", path=_under(path, "weight"), allowed=allowed
            )
        return flow.patched(Sides.of(keys, path), path)

    def patched(self, sides: Sides, path: str) -> Self:
        """A copy with changes in each direction."""
        up = self.up.patched(sides.up, _under(path, "up"))
        return replace(self, up=up, down=self.down.patched(sides.down, _under(path, "down")))


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What flows go through together: one queue, in which each has its part by its weight.

    Attributes:
        name: Its name, which flows call it by; no flow has the same.
        up: What happens upwards to the packets of all of them.
        down: What happens downwards.
    """

    name: str
    up: Impairment = field(default_factory=Impairment)
    down: Impairment = field(default_factory=Impairment)

    @classmethod
    def of(cls, table: object, path: str = "bottleneck") -> Self:
        """Read a table with ``name`` and the keys of `SIDES`.

        Raises:
            ConfigError: If a key is unknown or missing, or a value wrong.
        """
        keys = dict(as_table(table, path))
        for name in keys:
            known(name, ("name", *SIDES), path=_under(path, name))
        name = as_text(keys.pop("name", None), _under(path, "name"))
        _check_name(name, _under(path, "name"))
        return cls(name).patched(Sides.of(keys, path), path)

    def patched(self, sides: Sides, path: str) -> Self:
        """A copy with changes in each direction."""
        up = self.up.patched(sides.up, _under(path, "up"))
        return replace(self, up=up, down=self.down.patched(sides.down, _under(path, "down")))


@dataclass(frozen=True, slots=True)
class Link:
    """Both directions of a link.

    Attributes:
        up: What happens to packets upwards.
        down: What happens to packets downwards.
        flows: Packets with impairments of their own; the first that matches counts.
        bottlenecks: What flows may share.
    """

    up: Impairment = field(default_factory=Impairment)
    down: Impairment = field(default_factory=Impairment)
    flows: tuple[Flow, ...] = ()
    bottlenecks: tuple[Bottleneck, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        profile: Link | None = None,
        rtt: Duration | None = None,
        up: Side = None,
        down: Side = None,
        both: Side = None,
    ) -> Link:
        """A link from what a command line says.

        Args:
            profile: The link to start from.
            rtt: Round trip time; half of it is the delay of each direction.
            up: Impairments upwards.
            down: Impairments downwards.
            both: Impairments of both directions, under those of one.

        Raises:
            ConfigError: If a key is unknown, a value wrong, or two contradict each other.
        """
        given = {"rtt": rtt, "up": up, "down": down, "both": both}
        table = {name: value for name, value in given.items() if value is not None}
        return (profile or cls()).patched(Sides.of(table))

    def patched(self, sides: Sides, path: str = "") -> Link:
        """A copy with changes in each direction; flows stay as they are."""
        up = self.up.patched(sides.up, _under(path, "up"))
        return replace(self, up=up, down=self.down.patched(sides.down, _under(path, "down")))

    def flow(self, name: str) -> Flow:
        """The flow of that name; raises KeyError if there is none."""
        return {flow.name: flow for flow in self.flows}[name]

    @property
    def parts(self) -> tuple[Flow | Bottleneck, ...]:
        """The flows and the bottlenecks: no two have one name."""
        return (*self.flows, *self.bottlenecks)

    def part(self, name: str) -> Flow | Bottleneck:
        """The flow or the bottleneck of that name; raises KeyError if there is none."""
        return {part.name: part for part in self.parts}[name]

    def with_part(self, changed: Flow | Bottleneck) -> Link:
        """A copy with the flow, or the bottleneck, of the same name replaced."""
        if isinstance(changed, Flow):
            flows = (changed if one.name == changed.name else one for one in self.flows)
            return replace(self, flows=tuple(flows))
        several = (changed if one.name == changed.name else one for one in self.bottlenecks)
        return replace(self, bottlenecks=tuple(several))

    def cut(self, *, up: bool, down: bool) -> Link:
        """A copy with directions cut, for the flows as well; a cut already made stays."""
        cuts = Sides(*(Patch((("down", True),)) if cut else Patch() for cut in (up, down)))
        flows = tuple(flow.patched(cuts, flow.name) for flow in self.flows)
        return replace(self.patched(cuts), flows=flows)


_NAMED = ("name", "filter", "process")
_SHARING = ("share", "weight")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_RESERVED = (OWN, "rest", "join", "split", "tee", "dropped", "rx", "tx", ".", "..")
"""Names of what stands beside flows; and what no path of a URL ends with (RFC 3986 §5.2.4)."""
_MOST_FLOWS = 1024
"""As many as the engine's split takes; said before so many filters are compiled."""


def check_names(link: Link, path: str = "") -> None:
    """Check that names are each one's own, that what flows share is there, and how many there are.

    Raises:
        ConfigError: If not; it names the flow or the bottleneck.
    """
    if (many := len(link.flows)) > _MOST_FLOWS:
        place, allowed = _under(path, "flow"), f"up to {_MOST_FLOWS}"
        raise ScenarioError("too many flows", path=place, value=str(many), allowed=allowed)
    taken: set[str] = set()
    flows = [(f"flow[{index}]", one.name) for index, one in enumerate(link.flows)]
    others = [(f"bottleneck[{index}]", one.name) for index, one in enumerate(link.bottlenecks)]
    for place, name in (*flows, *others):
        if name in taken:
            problem = "two flows of one name" if place.startswith("f") else "a name that is taken"
            raise ScenarioError(problem, path=_under(path, f"{place}.name"), value=name)
        taken.add(name)
    for index, flow in enumerate(link.flows):
        if flow.share:
            names = (*(one.name for one in link.bottlenecks), OWN)
            known(flow.share, names, path=_under(path, f"flow[{index}].share"), what="bottleneck")


def _weight(value: object, path: str) -> int:
    return units.number(value, path=path, least=1, most=1000)  # type: ignore[arg-type]


def _check_name(name: str, path: str) -> None:
    if not _NAME.fullmatch(name) or not name.isprintable() or name in _RESERVED:
        allowed = f"one word of up to 64 printable characters, none of {', '.join(_RESERVED)}"
        raise ConfigError("no name", path=path, value=name, allowed=allowed)


def as_table(value: object, path: str) -> Mapping[str, object]:
    """The value, which must be a table of TOML or a mapping."""
    if not isinstance(value, Mapping):
        raise ConfigError("a table is expected", path=path, value=value, allowed="{ key = … }")
    return cast("Mapping[str, object]", value)


def as_text(value: object, path: str) -> str:
    """The value, which must be text, and not empty."""
    if value is None:
        raise ConfigError("is missing", path=path, allowed="text")
    if not isinstance(value, str) or not value.strip():
        raise ConfigError("text is expected", path=path, value=value)
    return value


def _keys(side: object, path: str) -> Mapping[str, object]:
    if side is None or side == Impairment():
        return {}
    if isinstance(side, Impairment):
        side = str(side)
    if isinstance(side, str):
        try:
            return parse_items(side)
        except ConfigError as error:
            raise error.within(path) from None
    return as_table(side, path)


def _round_trip(
    both: dict[str, object], rtt: object, path: str, *, delayed: bool
) -> tuple[Patch, Patch]:
    """Take the round trip time from where it stands, and halve it; up gets an odd nanosecond."""
    place = _under(path, "rtt" if rtt is not None else "both.rtt")
    inner = both.pop("rtt", None)
    if rtt is None:
        rtt = inner
    elif inner is not None:
        raise ConfigError("given twice", path=place, value=rtt, allowed="here or in both")
    if rtt is None:
        return Patch(), Patch()
    if delayed or "delay" in both:
        raise ConfigError("an rtt and a delay", path=place, value=rtt, allowed="one of them")
    trip = units.nanoseconds(rtt, path=place)  # type: ignore[arg-type]
    return Patch((("delay", trip - trip // 2),)), Patch((("delay", trip // 2),))


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
