"""The title of a terminal's window."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.engine import ImpairmentStatistics, Statistics
from usernet.engine.statistics import Lateness
from usernet.programs.title import Title, line_title

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = ImpairmentStatistics(0, 0, 0, 0, {}, 0, 0, 0, 0, 0, 0, 0, 0, Lateness())


class Screen(io.StringIO):
    def __init__(self, *, is_terminal: bool = True) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def statistics(at: int, up: ImpairmentStatistics, down: ImpairmentStatistics) -> Statistics:
    apps: Mapping[str, Mapping[str, object]] = {"second": {"connections": {"open": 2}}}
    return Statistics(at, 0, 0, 0, 0, 0, {}, {"up": up, "down": down}, apps)


def on(screen: Screen, monkeypatch: pytest.MonkeyPatch, terminal: str = "xterm") -> Screen:
    """Let standard error be this one."""
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", terminal)
    return screen


def test_it_is_put_aside_set_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    title = Title()
    title.show("a\033]2;b\nc")
    title.close()
    title.close()
    assert screen.getvalue() == "\033[22;2t\033]2;a]2;bc\033\\\033[23;2t"


@pytest.mark.parametrize("terminal", ["dumb", "linux", ""])
def test_a_terminal_without_one_is_left_alone(
    terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = on(Screen(), monkeypatch, terminal)
    Title().show("x")
    assert screen.getvalue() == ""


@pytest.mark.parametrize(("is_terminal", "wanted"), [(True, False), (False, True)])
def test_nothing_is_written_where_nothing_is_wanted_or_there_is_no_terminal(
    is_terminal: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = on(Screen(is_terminal=is_terminal), monkeypatch)
    Title(wanted=wanted).show("x")
    assert screen.getvalue() == ""


def test_it_says_what_happened_since_the_last_look() -> None:
    link = Link(Impairment(delay="40ms"), Impairment(delay="20ms"))
    before = statistics(0, NOTHING, NOTHING)
    up = replace(NOTHING, bytes_out=125, packets_in=10)
    down = replace(
        NOTHING, bytes_out=25_000, packets_in=30, dropped={"loss": 10}, queue_ns=5_000_000
    )
    now = statistics(100_000_000, up, down)
    assert line_title("curl", before, now, link) == (
        "curl: ↓ 2 Mbit/s · ↑ 10 kbit/s · 65 ms there and back · 25 % lost · 2 connections"
    )
    assert line_title("curl", now, replace(now, time_ns=200_000_000), link) == (
        "curl: ↓ 0 bit/s · ↑ 0 bit/s · 65 ms there and back · 2 connections"
    )
