"""Tables: what a scenario's file says, as plain data, and what a change makes of it.

A change keeps what was typed: no value is read and written anew. It means what it says, whatever
stands in the table: a value of *both* directions goes over those of one, a ``rtt`` over each
``delay``. A value of None takes the key out, so that what is under it holds again.

A table is not changed once it is made: the next one has the same parts, but for what is different.
So that a change costs what it changes, not what there is.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, TypeAlias, cast

from usernet.config.items import parse_items
from usernet.config.known import known
from usernet.config.link import DIRECTIONS, SIDES, as_table, as_text
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Table",
    "bottlenecks",
    "flows",
    "items",
    "patched",
    "place_of",
    "touched",
    "with_changed",
    "with_profile",
]

Table: TypeAlias = dict[str, object]
"""A table of TOML, or an object of JSON."""


def items(side: object, path: str = "") -> Table:
    """The keys and values of a side, which may be a text of items."""
    if side is None:
        return {}
    if isinstance(side, str):
        try:
            return dict(parse_items(side))
        except ConfigError as error:
            raise error.within(path) from None
    return dict(as_table(side, path))


def flows(table: Table) -> list[Table]:
    """The flows of a table."""
    return _each(table, "flow")


def bottlenecks(table: Table) -> list[Table]:
    """The bottlenecks of a table."""
    return _each(table, "bottleneck")


def place_of(table: Table, name: str, path: str = "flow", kind: str = "flow") -> int:
    """Where in the table's list the flow, or the bottleneck, of this name stands.

    Raises:
        ConfigError: There is none.
    """
    names = [str(one["name"]) for one in _each(table, kind)]
    known(name, names, path=path, what=kind)
    return names.index(name)


def _each(table: Table, kind: str) -> list[Table]:
    return cast("list[Table]", table.get(kind, []))


def patched(table: Table, patch: Mapping[str, object]) -> Table:
    """The table after a change: the keys of `SIDES`; ``flow`` and ``bottleneck``, changes by name.

    Raises:
        ConfigError: A key is unknown, or something is not what it should be.
    """
    for key in patch:
        known(key, (*SIDES, *_NAMED), path=key)
    new = _laid(table, patch, "")
    for kind in _NAMED:
        for name, change in as_table(patch.get(kind, {}), kind).items():
            new = with_changed(new, name, as_table(change, f"{kind}.{name}"), kind)
    return new


def with_changed(
    table: Table, name: str, change: Mapping[str, object], kind: str = "flow"
) -> Table:
    """The table with a flow, or a bottleneck, changed: its sides, and whatever else it has.

    Raises:
        ConfigError: There is none of that name, or something is not what it should be.
    """
    path = f"{kind}.{name}"
    place, order = place_of(table, name, path, kind), [*_each(table, kind)]
    own = {key: value for key, value in change.items() if key not in SIDES}
    for key in ("name", "filter"):
        if key in own and (key == "name" or own[key] is not None):
            as_text(own[key], f"{path}.{key}")
    order[place] = _laid(order[place], change, path)
    for key, value in own.items():
        _put(order[place], key, deepcopy(value))
    return {**table, kind: order}


def _laid(table: Table, change: Mapping[str, object], path: str) -> Table:
    """A table with sides laid over its own."""
    new = dict(table)
    _lay(new, deepcopy({key: change[key] for key in SIDES if key in change}), path)
    return new


def _lay(table: Table, change: Mapping[str, object], path: str) -> None:
    prefix = f"{path}." if path else ""
    given = {side: items(change.get(side), prefix + side) for side in ("both", *DIRECTIONS)}
    trip = given["both"].pop("rtt", change.get("rtt", _ABSENT))
    own = {side: items(table.get(side)) for side in given if table.get(side) or given[side]}
    for key, value in given["both"].items():
        for direction in DIRECTIONS:
            own.get(direction, {}).pop(key, None)
        if key == "delay":
            table.pop("rtt", None)
            own["both"].pop("rtt", None)
        _put(own["both"], key, value)
    for direction in DIRECTIONS:
        for key, value in given[direction].items():
            _put(own[direction], key, value)
    if trip is not _ABSENT:
        own.get("both", {}).pop("rtt", None)
        for side in own.values():
            side.pop("delay", None)
        _put(table, "rtt", trip)
    _write(table, own, given, is_trip=trip is not _ABSENT)


def touched(patch: Mapping[str, object]) -> Iterator[tuple[str | None, str, str]]:
    """The values that a change is about: flow or bottleneck, direction and key."""
    yield from _touched(None, patch)
    for kind in _NAMED:
        for name, change in as_table(patch.get(kind, {}), kind).items():
            yield from _touched(name, as_table(change, f"{kind}.{name}"))


def with_profile(table: Table, name: str | None) -> Table:
    """The table with this profile in place of everything that the link itself is said to be."""
    new = {key: value for key, value in table.items() if key not in ("profile", *SIDES)}
    return {**new, "profile": name} if name else new


_ABSENT = object()
_NAMED = ("flow", "bottleneck")


def _touched(
    name: str | None, change: Mapping[str, object]
) -> Iterator[tuple[str | None, str, str]]:
    both = items(change.get("both"))
    if "rtt" in change or both.pop("rtt", None) is not None:
        both["delay"] = None
    for direction in DIRECTIONS:
        for key in (*both, *items(change.get(direction))):
            yield name, direction, key


def _put(table: Table, key: str, value: object) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _write(table: Table, own: dict[str, Table], given: dict[str, Table], *, is_trip: bool) -> None:
    """Sides that did not change stay as they were typed, even as a text of items."""
    for side, values in own.items():
        if values == items(table.get(side)) and not (given[side] or is_trip):
            continue
        if values:
            table[side] = values
        else:
            table.pop(side, None)
