"""The screen of ``usernet watch``: what its charts show of what a line did."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING, cast

from textual.geometry import Region
from textual.widgets import Sparkline

from usernet.client.point import LinePoint, Point
from usernet.programs._screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from usernet.client import BlockingClient

DELAY = 35_000_000


class SilentLine:
    """A line of which nothing is heard."""

    def events(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        return iter(())


def point(delay_ns: int) -> Point:
    line = LinePoint(0, 0, 0.0, 0.0, delay_ns, 0, 0, 0, 0, {}, 0.0)
    return Point(1.0, 0.2, 1.0, True, 1, {"up": line, "down": line}, 0, "trusted", "")


def chart(name: str, *delays: int) -> list[str]:
    """The rows of a chart after points with these delays; columns that look the same are one."""

    async def drawn() -> list[str]:
        screen = Screen(cast("BlockingClient", SilentLine()))
        async with screen.run_test(size=(80, 40)):
            for one in delays:
                screen.show(point(one))
            shown = screen.query_one(f"#down-{name}", Sparkline)
            rows = shown.render_lines(Region(0, 0, *shown.size))
            return ["".join(bar for bar, _ in groupby(row.text)) for row in rows]

    return asyncio.run(drawn())


def test_what_stays_the_same_is_not_drawn_as_nothing() -> None:
    assert chart("delay", *[DELAY] * 99) == ["█", "█", "█"]


def test_nothing_is_drawn_as_nothing() -> None:
    assert chart("delay", *[0] * 99) == [" ", " ", "▁"]


def test_a_chart_begins_at_zero() -> None:
    assert chart("delay", *[DELAY // 2] * 50, *[DELAY] * 50) == [" █", "▄█", "█"]
