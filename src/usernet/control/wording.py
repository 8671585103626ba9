"""Wording: what a line is at a moment, in texts: as typed, wherever that is what holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from usernet.config.fields import FIELDS
from usernet.config.link import DIRECTIONS, Flow
from usernet.control import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usernet.config.impairment import Impairment
    from usernet.config.link import Bottleneck, Link
    from usernet.control.document import Document, Files
    from usernet.control.tables import Table

__all__ = ["Wording"]

_Part: TypeAlias = "Flow | Bottleneck"
_Said: TypeAlias = "tuple[Table, _Part, dict[str, object]]"
"""What was typed of a part, what it was, and the texts of that."""
_UNSAID: Table = {}


class Wording:
    """Tells what a line is; of what is as it was when it last told, it has the texts.

    Args:
        files: What the files hold that tables name.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._said: dict[str, _Said] = {}

    def present(self, document: Document, link: Link) -> dict[str, object]:
        """What a link is now, in texts: as typed, wherever that is what holds now.

        Args:
            document: What was typed.
            link: What that is now.

        Returns:
            Plain values, which nobody is to change: the next answer may have them, too.
        """
        table = document.table
        every = (*tables.flows(table), *tables.bottlenecks(table))
        typed = {str(one["name"]): one for one in every}
        before, self._said = self._said, {}
        return {
            **self._sides(table, link),
            "flows": list(self._parts(link.flows, typed, before)),
            "bottlenecks": list(self._parts(link.bottlenecks, typed, before)),
        }

    def _parts(
        self, parts: Iterable[_Part], typed: dict[str, Table], before: dict[str, _Said]
    ) -> Iterator[dict[str, object]]:
        for part in parts:
            table = typed.get(part.name, _UNSAID)
            said = before.get(part.name)
            if said is None or said[0] is not table or said[1] != part:
                said = table, part, {**_named(part), **self._sides(table, part)}
            self._said[part.name] = said
            yield said[2]

    def _sides(self, table: Table, subject: Link | _Part) -> dict[str, dict[str, object]]:
        both = tables.items(table.get("both"))
        return {
            direction: dict(
                self._texts(both | tables.items(table.get(direction)), getattr(subject, direction))
            )
            for direction in DIRECTIONS
        }

    def _texts(self, typed: Table, impairment: Impairment) -> Iterator[tuple[str, object]]:
        for key, one in FIELDS.items():
            value = getattr(impairment, key)
            if key in typed and self._means(key, typed[key]) == value:
                if value != one.default:
                    yield key, typed[key]
            elif value != one.default:
                yield key, one.show(value)

    def _means(self, key: str, text: object) -> object:
        filled = self._files.get((key, str(text)), text)
        return FIELDS[key].default if filled == "none" else FIELDS[key].read(filled, key)


def _named(part: _Part) -> dict[str, object]:
    """What a part is beside its sides; of flows, what only some have, where they have it."""
    if not isinstance(part, Flow):
        return {"name": part.name}
    weight = part.weight if part.share else None
    some: dict[str, object] = {"process": part.process, "share": part.share, "weight": weight}
    given = {key: value for key, value in some.items() if value}
    return {"name": part.name, "filter": part.filter, **given}
