"""What a link does to packets in one direction.

The order is fixed, whatever the order of the keys: outage → MTU → policer → loss, duplicate,
corrupt → queue → rate or trace → slot → delay. The delay line is unbounded, so a delay never
costs throughput.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, Unpack

from usernet.config import combination, tc
from usernet.config.fields import FIELDS, ImpairmentKeys, Patch, is_file
from usernet.config.items import item_text, parse_items
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.config.aqm import Aqm
    from usernet.config.chance import Chance
    from usernet.config.distribution import Distribution
    from usernet.config.fields import Compat, Trace
    from usernet.config.loss import Loss
    from usernet.config.outage import PeriodicOutage
    from usernet.config.policer import Policer
    from usernet.config.queue import QueueLimit
    from usernet.config.slot import Slot

__all__ = ["Impairment", "SharedImpairment"]


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Impairment:
    """The impairments of one direction of a link; equal if they mean the same.

    ``Impairment(delay="40ms", jitter="5ms", loss="1%", rate="20mbit", queue="100ms")``: the
    keys and what they take are those of `ImpairmentKeys`; the attributes hold what was read, in
    nanoseconds, bytes, bits per second and probabilities from 0 to 1.

    Raises:
        ConfigError: If a key is unknown, a value wrong, or two keys contradict each other.
    """

    delay: int
    jitter: int
    distribution: Distribution
    jitter_correlation: float
    allow_reordering: bool
    loss: Loss | None
    ecn: bool
    duplicate: Chance | None
    corrupt: Chance | None
    reorder: Chance | None
    gap: int
    rate: int | None
    overhead: int
    cell: int
    cell_overhead: int
    trace: Trace | None
    queue: QueueLimit | None
    aqm: Aqm | None
    slot: Slot | None
    policer: Policer | None
    outage: PeriodicOutage | None
    down: bool
    mtu: int | None
    compat: Compat | None
    limit: int | None

    def __init__(self, **keys: Unpack[ImpairmentKeys]) -> None:
        self._fill(dict(Patch.of(keys).values))
        combination.check(self)

    @classmethod
    def of(cls, keys: Mapping[str, object], path: str = "") -> Self:
        """Read a mapping, such as a table of TOML.

        Args:
            keys: Keys and values as in `ImpairmentKeys`.
            path: The key path of the mapping, to name in an error.

        Raises:
            ConfigError: As the constructor.
        """
        return cls().patched(Patch.of(keys, path), path)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one line of items, such as ``loss=2% rate=1mbit`` (see `usernet.config.items`).

        Raises:
            ConfigError: As the constructor, or if the line is not one of items.
        """
        return cls.of(parse_items(text))

    @classmethod
    def from_tc(cls, line: str, *, compat: Compat | None = "netem") -> Self:
        """Read a netem line of tc, with or without its ``tc qdisc add dev … root``.

        Warns with `TcWarning` about each parameter that does not do what it says in netem.

        Args:
            line: Such as ``netem delay 100ms 20ms 25% loss 0.3% 25%``.
            compat: ``netem`` for its own arithmetic, None for what the parameters say.

        Raises:
            ConfigError: If the line cannot be read.
        """
        keys, faults = tc.read(line, compat)
        for fault in faults:
            warnings.warn(f"netem {fault}", tc.TcWarning, stacklevel=2)
        return cls.of(keys, "tc")

    def replace(self, **changes: Unpack[ImpairmentKeys]) -> Self:
        """A copy with some keys changed; ``none`` or None takes one back to its default.

        Raises:
            ConfigError: As the constructor.
        """
        return self.patched(Patch.of(changes))

    def patched(self, patch: Patch, path: str = "") -> Self:
        """A copy with a patch laid over it.

        Args:
            patch: What changes.
            path: The key path to name in an error.

        Raises:
            ConfigError: If two keys now contradict each other.
        """
        copy = object.__new__(type(self))
        copy._fill({**{name: getattr(self, name) for name in FIELDS}, **dict(patch.values)})
        combination.check(copy, path)
        return copy

    @property
    def unread(self) -> Mapping[str, str]:
        """The keys that name a file which is not read yet, and the file."""
        values = {"trace": self.trace, "distribution": self.distribution}
        return {key: str(value) for key, value in values.items() if is_file(key, value)}

    def with_files(self, read: Mapping[str, Callable[[str], tuple[int, ...]]]) -> Self:
        """A copy with the files read that its keys name.

        Args:
            read: A reader for each of ``trace`` and ``distribution``.
        """
        values = {key: read[key](file) for key, file in self.unread.items()}
        if not values:
            return self
        return self.patched(Patch(tuple(values.items())))

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine: only the effects that are on.

        Raises:
            ConfigError: If a file that a key names is not read yet.
        """
        for key, file in self.unread.items():
            raise ConfigError("not read yet", path=key, value=file, allowed="numbers")
        return {"app": "impairment", **{key: value for key, value in self._plain() if value}}

    def keeps_state(self, new: object) -> bool:
        """Whether a running impairment can take `new` and keep what is in flight.

        Yes, but from our own model to netem's, or back.
        """
        return isinstance(new, Impairment | SharedImpairment) and new.compat == self.compat

    def __str__(self) -> str:
        """The items that `parse` reads; empty if nothing is impaired."""
        return " ".join(item_text(name, text) for name, text in self._texts())

    def brief(self) -> str:
        """The items for a person to read: of a trace or a table only the beginning."""
        items = (item_text(name, text) for name, text in self._texts())
        return " ".join(item if len(item) <= _LONGEST else f"{item[:_LONGEST]}…" for item in items)

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"Impairment({', '.join(f'{name}={text!r}' for name, text in self._texts())})"

    def _fill(self, values: Mapping[str, object]) -> None:
        for name, field in FIELDS.items():
            object.__setattr__(self, name, values.get(name, field.default))

    def _texts(self) -> list[tuple[str, str]]:
        values = [(name, field, getattr(self, name)) for name, field in FIELDS.items()]
        return [
            (name, field.show(value)) for name, field, value in values if value != field.default
        ]

    def _plain(self) -> list[tuple[str, object]]:
        composite = ("loss", "duplicate", "corrupt", "slot", "policer", "outage")
        values = [(key, getattr(self, key)) for key in composite]
        return [
            ("delay", self._plain_delay()),
            *((key, value and value.to_core()) for key, value in values),
            ("reorder", self.reorder and {**self.reorder.to_core(), "gap": self.gap}),
            ("rate", self._plain_rate()),
            ("trace", self.trace and {"opportunities_ms": list(self.trace)}),
            ("queue", self._plain_queue()),
            *((key, getattr(self, key)) for key in ("ecn", "down", "mtu", "compat")),
            ("limit", (self.limit or 1000) if self.compat else None),  # netem's default
        ]

    def _plain_delay(self) -> dict[str, object] | None:
        if not (self.delay or self.jitter):
            return None
        named = isinstance(self.distribution, str)
        return {
            "ns": self.delay,
            "jitter_ns": self.jitter,
            "distribution": self.distribution if named else {"table": list(self.distribution)},
            "correlation": self.jitter_correlation,
            "allow_reordering": self.allow_reordering,
        }

    def _plain_rate(self) -> dict[str, object] | None:
        if self.rate is None:
            return None
        cells = {"cell": self.cell, "cell_overhead": self.cell_overhead}
        return {"bits_per_second": self.rate, "overhead": self.overhead, **cells}

    def _plain_queue(self) -> dict[str, object] | None:
        if not (self.queue or self.aqm):
            return None
        limits = self.queue.to_core() if self.queue else _DEFAULT_QUEUE
        return {**limits, "aqm": self.aqm.to_core() if self.aqm else {"kind": "droptail"}}


@dataclass(frozen=True, slots=True)
class SharedImpairment:
    """An impairment whose queue several share, by deficit round robin.

    Attributes:
        impairment: What happens to the packets of all of them.
        shares: Name and weight of each: its packets come in at the port of that name. ``rx`` is
            one of them, with a weight of 1 unless it is named.
    """

    impairment: Impairment
    shares: tuple[tuple[str, int], ...]

    @property
    def compat(self) -> Compat | None:
        """As of the impairment."""
        return self.impairment.compat

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {**self.impairment.to_core(), "shares": dict(self.shares)}

    def keeps_state(self, new: object) -> bool:
        """As an impairment; also where nobody shares any more."""
        return self.impairment.keeps_state(new)


_LONGEST = 72  # letters of an item in a brief text
_DEFAULT_QUEUE = {"packets": 1000, "bytes": None, "ns": None}  # as of a rate without a queue
