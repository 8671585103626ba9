"""What drops from a queue, and when, in tc's words.

::

    droptail                                              the newcomer, when the queue is full
    drophead                                              the oldest, when the queue is full
    red min 30kb max 90kb [probability 2%] [weight 0.002]
    codel [target 5ms] [interval 100ms]                   RFC 8289
    fq_codel [target 5ms] [interval 100ms] [flows 1024] [quantum 1514b]     RFC 8290
    pie [target 15ms] [tupdate 15ms] [alpha 2] [beta 20] [max_burst 150ms]  RFC 8033

PIE's alpha and beta count sixteenths, as in tc: 2 is 0.125. The limit of the queue is a key of
its own, ``queue``, and so is ``ecn``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from usernet.config import units
from usernet.config.known import known
from usernet.config.words import Words
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Aqm", "CoDel", "DropHead", "DropTail", "FqCoDel", "Pie", "Red", "parse_aqm"]


class _Discipline:
    """Text and plain form, the same for all of them; each class adds its parameters."""

    __slots__ = ()
    kind: ClassVar[str]

    def __str__(self) -> str:
        """The text that `parse_aqm` reads."""
        texts = [f"{name} {show(getattr(self, field))}" for name, (field, _, show) in _of(self)]
        return " ".join([self.kind, *texts])

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {
            "kind": self.kind,
            **{field: getattr(self, field) for _, (field, _, _) in _of(self)},
        }


@dataclass(frozen=True, slots=True)
class DropTail(_Discipline):
    """A full queue drops the newcomer."""

    kind: ClassVar[str] = "droptail"


@dataclass(frozen=True, slots=True)
class DropHead(_Discipline):
    """A full queue drops its oldest packet."""

    kind: ClassVar[str] = "drophead"


@dataclass(frozen=True, slots=True)
class Red(_Discipline):
    """Random early detection (Floyd and Jacobson 1993).

    Attributes:
        min: Average queue in bytes below which nothing drops.
        max: Average queue in bytes above which everything drops.
        probability: Drop probability when the average reaches max.
        weight: Weight of the present queue in its average; Floyd's 0.002.
    """

    kind: ClassVar[str] = "red"
    min: int
    max: int
    probability: float = 0.02
    weight: float = 0.002


@dataclass(frozen=True, slots=True)
class CoDel(_Discipline):
    """Controlled delay, RFC 8289.

    Attributes:
        target_ns: Standing delay that is fine.
        interval_ns: How long it may be exceeded before drops begin; about the worst round trip.
    """

    kind: ClassVar[str] = "codel"
    target_ns: int = 5_000_000
    interval_ns: int = 100_000_000


@dataclass(frozen=True, slots=True)
class FqCoDel(_Discipline):
    """Fair queues with CoDel on each, RFC 8290.

    Attributes:
        target_ns: As CoDel's.
        interval_ns: As CoDel's.
        flows: Number of queues.
        quantum: Bytes a queue may send in one turn.
    """

    kind: ClassVar[str] = "fq_codel"
    target_ns: int = 5_000_000
    interval_ns: int = 100_000_000
    flows: int = 1024
    quantum: int = 1514


@dataclass(frozen=True, slots=True)
class Pie(_Discipline):
    """Proportional integral controller enhanced, RFC 8033.

    Attributes:
        target_ns: Queue delay to hold.
        tupdate_ns: How often the drop probability is computed.
        alpha: Gain on the distance from the target (0.125 is tc's 2).
        beta: Gain on the change of delay (1.25 is tc's 20).
        max_burst_ns: How long a burst is let through.
    """

    kind: ClassVar[str] = "pie"
    target_ns: int = 15_000_000
    tupdate_ns: int = 15_000_000
    alpha: float = 0.125
    beta: float = 1.25
    max_burst_ns: int = 150_000_000


Aqm: TypeAlias = DropTail | DropHead | Red | CoDel | FqCoDel | Pie
"""Any of the disciplines."""


def parse_aqm(text: object, path: str = "aqm") -> Aqm:
    """Read a discipline and its parameters.

    Raises:
        ConfigError: If it or a parameter is unknown, missing or outside its range.
    """
    words = Words(text, path, ", ".join(_KINDS))
    kind = known(words.take("discipline").lower(), _KINDS, path=path, what="discipline")
    parameters = _PARAMETERS[kind]
    found = words.pairs({name: read for name, (_, read, _) in parameters.items()})
    values: dict[str, Any] = {parameters[name][0]: value for name, value in found.items()}
    if kind == "red" and not {"min", "max"} <= values.keys():
        raise words.error("red needs min and max", "such as red min 30kb max 90kb")
    aqm = _KINDS[kind](**values)
    if isinstance(aqm, Red) and aqm.min >= aqm.max:
        raise words.error("min is not below max", "such as red min 30kb max 90kb")
    return aqm


def _time(word: str, path: str) -> int:
    value = units.nanoseconds(word, path=path)
    if value == 0:
        raise ConfigError("a time of 0", path=path, value=word, allowed="more than 0")
    return value


def _size(word: str, path: str) -> int:
    value = units.byte_count(word, path=path)
    if value == 0:
        raise ConfigError("a size of 0", path=path, value=word, allowed="more than 0")
    return value


def _share(word: str, path: str) -> float:
    return units.probability(word, path=path)


def _weight(word: str, path: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ConfigError("not a weight", path=path, value=word, allowed="more than 0, up to 1")
    return value


def _flows(word: str, path: str) -> int:
    return units.number(word, path=path, least=1, most=65536)  # tc's limit


def _sixteenths(word: str, path: str) -> float:
    return units.number(word, path=path, most=32) / 16  # tc's limit and unit


def _sixteenths_text(value: float) -> str:
    return f"{value * 16:.0f}"


_Parameter: TypeAlias = "tuple[str, Callable[[str, str], object], Callable[[Any], str]]"
_TARGET: _Parameter = ("target_ns", _time, units.duration_text)
_INTERVAL: _Parameter = ("interval_ns", _time, units.duration_text)
_PARAMETERS: dict[str, dict[str, _Parameter]] = {
    "droptail": {},
    "drophead": {},
    "red": {
        "min": ("min", _size, units.size_text),
        "max": ("max", _size, units.size_text),
        "probability": ("probability", _share, units.probability_text),
        "weight": ("weight", _weight, repr),
    },
    "codel": {"target": _TARGET, "interval": _INTERVAL},
    "fq_codel": {
        "target": _TARGET,
        "interval": _INTERVAL,
        "flows": ("flows", _flows, str),
        "quantum": ("quantum", _size, units.size_text),
    },
    "pie": {
        "target": _TARGET,
        "tupdate": ("tupdate_ns", _time, units.duration_text),
        "alpha": ("alpha", _sixteenths, _sixteenths_text),
        "beta": ("beta", _sixteenths, _sixteenths_text),
        "max_burst": ("max_burst_ns", _time, units.duration_text),
    },
}
_KINDS: dict[str, type[Aqm]] = {
    kind.kind: kind for kind in (DropTail, DropHead, Red, CoDel, FqCoDel, Pie)
}


def _of(aqm: _Discipline) -> list[tuple[str, _Parameter]]:
    return list(_PARAMETERS[aqm.kind].items())
