"""Attention: who watches is looked after often, and a line alone seldom."""

from __future__ import annotations

import select

from usernet.control.attention import Attention

SECOND = 1_000_000_000


def test_a_line_alone_is_looked_at_each_two_seconds() -> None:
    attention = Attention()
    assert attention.pause(0, is_watched=False) == 2.0
    assert attention.pause(0, is_watched=True) == 0.2
    assert not _is_woken(attention)


def test_who_begins_to_watch_wakes_it_once() -> None:
    attention = Attention()
    attention.begin()
    attention.begin()
    assert _is_woken(attention)
    attention.take()
    attention.take()
    assert not _is_woken(attention)


def test_who_asks_for_points_is_taken_to_watch_for_ten_seconds() -> None:
    attention = Attention()
    attention.ask(SECOND)
    assert _is_woken(attention)
    attention.take()
    assert attention.pause(11 * SECOND - 1, is_watched=False) == 0.2
    assert attention.pause(11 * SECOND, is_watched=False) == 2.0
    attention.ask(10 * SECOND)
    assert not _is_woken(attention)
    attention.ask(20 * SECOND)
    assert _is_woken(attention)


def _is_woken(attention: Attention) -> bool:
    return bool(select.select([attention], [], [], 0)[0])
