"""The keys of an impairment: how each is read, what it is without one, how it is written.

A `Patch` is some of these keys with their values read: what one table of a scenario says, to be
laid over an impairment. The value ``none`` takes a key back to its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, TypeAlias, TypedDict, cast

from usernet.config import units
from usernet.config.aqm import Aqm, parse_aqm
from usernet.config.chance import Chance
from usernet.config.distribution import parse_distribution
from usernet.config.known import known
from usernet.config.loss import Loss, parse_loss
from usernet.config.outage import PeriodicOutage
from usernet.config.policer import Policer
from usernet.config.queue import QueueLimit
from usernet.config.slot import Slot
from usernet.errors import ConfigError

__all__ = [
    "FIELDS",
    "Compat",
    "EffectKeys",
    "Field",
    "ImpairmentKeys",
    "Patch",
    "Trace",
    "is_file",
]

Trace: TypeAlias = str | tuple[int, ...]
"""The path of a mahimahi trace that is not read yet, or its milliseconds."""
Compat: TypeAlias = Literal["netem"]
"""Whose arithmetic to follow where it differs from the exact one."""


class EffectKeys(TypedDict, total=False):
    """The effects of an impairment; a key left out, None or ``none`` is an effect off."""

    delay: units.Duration | None
    """One way."""
    jitter: units.Duration | None
    """Spread of the delay: half the width (uniform) or the standard deviation (the others)."""
    distribution: str | PurePath | Sequence[int] | None
    """Shape of the jitter: uniform, normal, pareto, paretonormal, a .dist file or a table."""
    jitter_correlation: units.Probability | None
    """Correlation of a packet's delay with the one's before; the shape holds all the same."""
    allow_reordering: bool | str | None
    """True: jitter keeps its distribution and may reorder. False: packets keep their order."""
    loss: str | Loss | int | None
    """See `usernet.config.loss`."""
    ecn: bool | str | None
    """Mark instead of drop where the packet allows it, in loss and in the queue."""
    duplicate: str | Chance | int | None
    """Probability and correlation."""
    corrupt: str | Chance | int | None
    """Probability and correlation of one flipped bit."""
    reorder: str | Chance | int | None
    """Probability and correlation of a packet that skips the delay."""
    gap: str | int | None
    """Only each gap-th packet may be reordered; 1 is all."""
    rate: units.Rate | None
    """Rate of the serializer."""
    overhead: units.Size | None
    """Bytes added to each packet's length before the rate; may be negative."""
    cell: units.Size | None
    """Cell size: a packet takes whole cells."""
    cell_overhead: units.Size | None
    """Bytes added to each cell."""
    trace: str | PurePath | Sequence[int] | None
    """mahimahi trace, instead of a rate: path, or milliseconds."""
    queue: str | QueueLimit | None
    """See `usernet.config.queue`; a rate without one has 1000 packets."""
    aqm: str | Aqm | None
    """See `usernet.config.aqm`."""
    slot: str | Slot | None
    """See `usernet.config.slot`."""
    policer: str | Policer | None
    """Rate and burst of a policer."""
    outage: str | PeriodicOutage | None
    """Outages that repeat."""
    compat: Compat | str | None
    """``netem``: its own arithmetic, with its faults."""
    limit: str | int | None
    """netem's limit: packets in flight; only with compat."""


class ImpairmentKeys(EffectKeys, total=False):
    """What an impairment can be made of: its effects, and what of the line is there at all."""

    down: bool | str | None
    """The line is cut."""
    mtu: units.Size | None
    """Largest IP packet; larger ones are dropped."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key: its reader, its value when absent, and its writer."""

    read: Callable[[object, str], object]
    default: object
    show: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Patch:
    """Some keys of an impairment, read.

    Attributes:
        values: Name and value of each key, in the order of `FIELDS`.
    """

    values: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, object], path: str = "") -> Patch:
        """Read the keys of a mapping.

        Args:
            given: Keys and values as in `ImpairmentKeys`.
            path: The key path of the mapping, to name in an error.

        Raises:
            ConfigError: If a key is unknown or a value wrong.
        """
        prefix = f"{path}." if path else ""
        for name in given:
            known(name, FIELDS, path=prefix + name)
        found = {name: _read(name, value, prefix + name) for name, value in given.items()}
        return cls(tuple((name, found[name]) for name in FIELDS if name in found))

    def over(self, earlier: Patch) -> Patch:
        """Both, with this one's values where both have one."""
        merged = {**dict(earlier.values), **dict(self.values)}
        return Patch(tuple((name, merged[name]) for name in FIELDS if name in merged))


def is_file(key: str, value: object) -> bool:
    """Whether this value of ``trace`` or ``distribution`` names a file that is not read."""
    if not isinstance(value, str) or value == "none" or _digits(value.replace("-", "")):
        return False
    return key == "trace" or "/" in value or value.endswith(".dist")


def _read(name: str, value: object, path: str) -> object:
    if value is None or value == "none":
        return FIELDS[name].default
    return FIELDS[name].read(value, path)


def _duration(value: Any, path: str) -> object:  # noqa: ANN401 - as it came from the user
    return units.nanoseconds(value, path=path)


def _probability(value: Any, path: str) -> object:  # noqa: ANN401
    return units.probability(value, path=path)


def _size(value: Any, path: str) -> object:  # noqa: ANN401
    return units.byte_count(value, path=path)


def _rate(value: Any, path: str) -> object:  # noqa: ANN401
    rate = units.bits_per_second(value, path=path)
    if rate == 0:
        allowed = 'more than 0, "none" for no limit, or down = true to cut the line'
        raise ConfigError("a rate of 0", path=path, value=str(value), allowed=allowed)
    return rate


def _overhead(value: object, path: str) -> object:
    negative = isinstance(value, str) and value.startswith("-")
    size = _size(str(value)[1:] if negative else value, path)
    return -int(str(size)) if negative else size


def _mtu(value: Any, path: str) -> object:  # noqa: ANN401
    size = units.byte_count(value, path=path)
    if size < 68:  # noqa: PLR2004 - RFC 791, 3.2
        allowed = "68b or more (RFC 791), 1280b or more for IPv6"
        raise ConfigError("too small an MTU", path=path, value=str(value), allowed=allowed)
    return size


def _count(value: Any, path: str) -> object:  # noqa: ANN401
    return units.number(value, path=path, least=1, most=2**32 - 1)


def _flag(value: object, path: str) -> object:
    flags = {"true": True, "false": False}
    flag = flags.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise ConfigError("not a flag", path=path, value=value, allowed="true or false")
    return flag


def _compat(value: object, path: str) -> object:
    return known(str(value), ("netem",), path=path, what="model")


def _trace(value: object, path: str) -> object:
    """Milliseconds as text, ``1,5,9``, are a trace too; other text is a path."""
    if isinstance(value, PurePath) or (isinstance(value, str) and not _digits(value)):
        return str(value)
    items = value.split(",") if isinstance(value, str) else value
    given = list(cast("Sequence[object]", items)) if isinstance(items, Sequence) else []
    found = [int(str(item)) for item in given if _digits(item)]
    if not found or len(found) != len(given) or found != sorted(found) or not found[-1]:
        allowed = "a path, or rising milliseconds of which the last is not 0"
        raise ConfigError("not a trace", path=path, value=repr(value)[:60], allowed=allowed)
    return tuple(found)


def _digits(value: object) -> bool:
    text = str(value).replace(",", "")
    return text.isascii() and text.isdigit()


def _distribution(value: object, path: str) -> object:
    if isinstance(value, str) and _digits(value.replace("-", "")):
        value = [int(word) for word in value.split(",")]
    return parse_distribution(str(value) if isinstance(value, PurePath) else value, path)


def _one_of(kind: Any, parse: Callable[[object, str], object]) -> Callable[[object, str], object]:  # noqa: ANN401
    """A reader that takes the value itself as well as its text."""
    return lambda value, path: value if isinstance(value, kind) else parse(value, path)


def _list_text(value: Trace) -> str:
    return value if isinstance(value, str) else ",".join(map(str, value))


def _signed_size_text(value: int) -> str:
    return f"-{units.size_text(-value)}" if value < 0 else units.size_text(value)


def _flag_text(value: bool) -> str:
    return str(value).lower()


_chance = _one_of(Chance, Chance.parse)

FIELDS: dict[str, Field] = {
    "delay": Field(_duration, 0, units.duration_text),
    "jitter": Field(_duration, 0, units.duration_text),
    "distribution": Field(_distribution, "uniform", _list_text),
    "jitter_correlation": Field(_probability, 0.0, units.probability_text),
    "allow_reordering": Field(_flag, True, _flag_text),
    "loss": Field(_one_of(Loss, parse_loss), None, str),
    "ecn": Field(_flag, False, _flag_text),
    "duplicate": Field(_chance, None, str),
    "corrupt": Field(_chance, None, str),
    "reorder": Field(_chance, None, str),
    "gap": Field(_count, 1, str),
    "rate": Field(_rate, None, units.rate_text),
    "overhead": Field(_overhead, 0, _signed_size_text),
    "cell": Field(_size, 0, units.size_text),
    "cell_overhead": Field(_size, 0, units.size_text),
    "trace": Field(_trace, None, _list_text),
    "queue": Field(_one_of(QueueLimit, QueueLimit.parse), None, str),
    "aqm": Field(_one_of(Aqm, parse_aqm), None, str),
    "slot": Field(_one_of(Slot, Slot.parse), None, str),
    "policer": Field(_one_of(Policer, Policer.parse), None, str),
    "outage": Field(_one_of(PeriodicOutage, PeriodicOutage.parse), None, str),
    "down": Field(_flag, False, _flag_text),
    "mtu": Field(_mtu, None, units.size_text),
    "compat": Field(_compat, None, str),
    "limit": Field(_count, None, str),
}
"""Every key, in the order in which text and errors list them."""
