"""Elements of HTML: all text is escaped, unless it was made here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Html", "element", "joined", "table"]


class Html(str):
    """Text that is HTML already; whoever makes one vouches for that."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str) -> Html:
    """An element with this content; ``class_`` is the attribute ``class``."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{named}>{joined(content)}</{tag}>")


def joined(parts: Iterable[str]) -> Html:
    """These one after the other; what is not HTML yet is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], **attributes: str) -> Html:
    """A table with a row of heads; the first cell of each row is a head too."""
    head = element("tr", *(element("th", cell, scope="col") for cell in heads))
    body = joined(_row(tuple(row)) for row in rows)
    inside = element("table", element("thead", head), element("tbody", body), **attributes)
    return element("div", inside, class_="wide")


def _row(cells: tuple[str, ...]) -> Html:
    first = element("th", cells[0], scope="row")
    return element("tr", first, *(element("td", cell) for cell in cells[1:]))
