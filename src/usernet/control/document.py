"""Documents: a scenario as it was typed, and as it was read; a change makes another one."""

from __future__ import annotations

import re
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias, cast

from usernet.config import timeline
from usernet.config.fields import is_file
from usernet.config.link import DIRECTIONS
from usernet.config.load import read_table, table_of, with_files
from usernet.config.scenario import Scenario, read_flow
from usernet.control import tables
from usernet.errors import ConfigError, FilterError
from usernet.trace import line, mahimahi, profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from usernet.config.link import Flow, Link
    from usernet.config.timeline import Target
    from usernet.control.tables import Table

__all__ = ["Document", "Files", "filters_named", "targets"]

Files = dict[tuple[str, str], tuple[int, ...]]
"""What the files hold that keys name, by key and by name as it is typed."""
_Readers: TypeAlias = "Mapping[str, Callable[[str], tuple[int, ...]]]"
"""How to read the files that keys name."""

_SIDES = ("rtt", *DIRECTIONS)
_FILTER = re.compile(r"flow\[(\d+)\]\.filter")


@dataclass(frozen=True, slots=True)
class Document:
    """A scenario, as it was typed.

    Attributes:
        table: What was typed: the tables of a scenario's file.
        scenario: What that means.
        files: What the files hold that the table may name. Others are not read: who changes a
            running line from afar is not to see what this machine's files hold.
    """

    table: Table
    scenario: Scenario
    files: Files = field(default_factory=Files)

    @classmethod
    def of(cls, table: Mapping[str, object], files: Files | None = None) -> Self:
        """Read the tables of a scenario.

        Raises:
            ConfigError: A key is unknown, a value wrong, or two contradict each other.
        """
        return cls._read(deepcopy(dict(table)), files or {}, {})

    @classmethod
    def _read(cls, table: Table, files: Files, known: Mapping[int, Flow]) -> Self:
        """What a table means.

        Args:
            table: What was typed; nobody changes it any more.
            files: What the files hold that it may name.
            known: Flows that were read before, by the identity of their tables.
        """
        readers = _readers(files)

        def flow(entry: object, place: str) -> Flow:
            return known.get(id(entry)) or _flow(entry, readers, place)

        rest = {key: value for key, value in table.items() if key != "flow"}
        filled = with_files(rest, readers, "")
        if "flow" in table:
            filled["flow"] = table["flow"]
        scenario = Scenario.of(filled, profiles.load, flow)
        scenario = replace(scenario, link=_with_files(scenario.link, readers))
        timeline.check(scenario)
        return cls(table, scenario, files)

    @classmethod
    def from_options(cls, given: Mapping[str, object], base: Table | None = None) -> Self:
        """What the options of a command describe (`usernet.trace.line`), as if it were a file.

        Args:
            given: The options by their names; None is not given.
            base: What they are laid over, in place of a scenario that they name.

        Raises:
            ConfigError: A key or a value is wrong, or two contradict each other.
            TraceError: A trace is not one.
        """
        scenario = line.read(given)
        keys = {key: value for key, value in given.items() if value is not None}
        files = Files()
        table = _base(keys, files) if base is None else base
        both = {key: value for key, value in keys.items() if key not in line.OWN}
        sides: Table = {key: keys[key] for key in _SIDES if key in keys}
        patch: Table = {**sides, "both": both} if both else sides
        _remember(patch, files)
        table = tables.patched(table, patch)
        for kind in ("flow", "bottleneck"):
            _put_first(table, kind, cast("Sequence[object]", keys.get(kind, ())), files)
        if "seed" in keys:
            table["seed"] = keys["seed"]
        return cls(table, scenario, files) if base is None else cls.of(table, files)

    def replaced(self, table: Mapping[str, object]) -> Self:
        """Another whole document in place of this one; the seed of what runs stays.

        Raises:
            ConfigError: As `of`.
        """
        return self.of(table, self.files)

    def patched(self, patch: Mapping[str, object]) -> Self:
        """With some values changed: ``{"down": {"rate": "1mbit"}}``, as a timeline's ``set``.

        Raises:
            ConfigError: As `of`; or a flow is not there.
        """
        return self._with(tables.patched(self.table, patch))

    def with_profile(self, name: str | None) -> Self:
        """With this profile in place of what the link itself is said to be; flows stay.

        Raises:
            ConfigError: There is no such profile.
        """
        return self._with(tables.with_profile(self.table, name))

    def with_flow(self, flow: Mapping[str, object], at: int | None = None) -> Self:
        """With one more flow, at this place in the order, or last.

        Raises:
            ConfigError: It is no flow, or there is one of that name.
        """
        order = [*tables.flows(self.table)]
        order.insert(len(order) if at is None else at, deepcopy(dict(flow)))
        return self._with({**self.table, "flow": order})

    def with_changed_flow(self, name: str, change: Mapping[str, object]) -> Self:
        """With one flow changed: its filter, its name, its sides.

        Raises:
            ConfigError: There is no such flow, or it cannot be so.
        """
        return self._with(tables.with_changed(self.table, name, change))

    def without_flow(self, name: str) -> Self:
        """Without one flow.

        Raises:
            ConfigError: There is no such flow, or the timeline needs it.
        """
        order = [*tables.flows(self.table)]
        del order[tables.place_of(self.table, name)]
        return self._with({**self.table, "flow": order})

    def with_moved_flow(self, name: str, to: int) -> Self:
        """With one flow at another place in the order, from 0.

        Raises:
            ConfigError: There is no such flow, or no such place.
        """
        order = [*tables.flows(self.table)]
        flow = order.pop(tables.place_of(self.table, name))
        if not 0 <= to <= len(order):
            raise ConfigError("no such place", path="to", value=to, allowed=f"0 to {len(order)}")
        order.insert(to, flow)
        return self._with({**self.table, "flow": order})

    def _with(self, table: Table) -> Self:
        """With another table, of which flows that are the very same are not read again."""
        own = zip(tables.flows(self.table), self.scenario.link.flows, strict=False)
        return self._read(table, self.files, {id(entry): flow for entry, flow in own})


def targets(patch: Mapping[str, object]) -> set[Target]:
    """The values that a patch is about."""
    return set(tables.touched(patch))


def _readers(files: Files) -> _Readers:
    def reader(key: str) -> Callable[[str], tuple[int, ...]]:
        def read(name: str) -> tuple[int, ...]:
            if (key, name) in files:
                return files[key, name]
            allowed = "what it holds, as numbers; or a file that it was started with"
            raise ConfigError("no file that this line knows", path=key, value=name, allowed=allowed)

        return read

    return {key: reader(key) for key in ("trace", "distribution")}


def _base(keys: Mapping[str, object], files: Files) -> Table:
    if "scenario" not in keys:
        return {"profile": keys["profile"]} if "profile" in keys else {}
    path = Path(str(keys["scenario"]))
    table = table_of(path)

    def recorded(key: str, read: Callable[[Path], tuple[int, ...]], name: str) -> tuple[int, ...]:
        return files.setdefault((key, name), read(path.parent / name))

    readers = {"trace": mahimahi.read, "distribution": read_table}
    with_files(table, {key: partial(recorded, key, read) for key, read in readers.items()}, "")
    return table


def _put_first(table: Table, kind: str, several: Sequence[object], files: Files) -> None:
    """Put flows, or bottlenecks, of a command before those that are there."""
    new = [
        tables.items(one, f"{kind}[{index}]") if isinstance(one, str) else one
        for index, one in enumerate(several)
    ]
    for one in new:
        _remember(cast("Table", one), files)
    if new:
        table[kind] = [*new, *cast("list[object]", table.get(kind, []))]


def _remember(patch: Mapping[str, object], files: Files) -> None:
    """Keep what the files hold that options name."""
    for side in ("both", *DIRECTIONS):
        for key, value in tables.items(patch.get(side)).items():
            if is_file(key, value):
                files[key, str(value)] = line.READERS[key](str(value))


def _flow(entry: object, readers: _Readers, place: str) -> Flow:
    flow = read_flow(
        with_files(cast("Table", entry), readers, place) if isinstance(entry, dict) else entry,
        place,
    )
    up, down = flow.up.with_files(readers), flow.down.with_files(readers)
    return flow if up is flow.up and down is flow.down else replace(flow, up=up, down=down)


def _with_files(link: Link, read: _Readers) -> Link:
    """Files that stand in a text of items are found only after it was read."""
    bottlenecks = (
        replace(one, up=one.up.with_files(read), down=one.down.with_files(read))
        for one in link.bottlenecks
    )
    up, down = link.up.with_files(read), link.down.with_files(read)
    return replace(link, up=up, down=down, bottlenecks=tuple(bottlenecks))


@contextmanager
def filters_named(names: Sequence[str]) -> Generator[None]:
    """A filter that does not parse is told by the name of its flow, as who changes it says it."""
    try:
        yield
    except FilterError as error:
        place = _FILTER.fullmatch(error.path)
        if place and int(place[1]) < len(names):
            error.path = f"flow.{names[int(place[1])]}.filter"
        raise
