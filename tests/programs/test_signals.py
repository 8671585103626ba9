"""Signals: the first that asks to end is noted, the second has its usual effect."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from usernet.programs.signals import Stopped, stop_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def earlier() -> Iterator[list[int]]:
    """A handler of the caller's own, and what it was called with."""
    called: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        signal.signal(number, lambda number, _frame: called.append(number))
    yield called
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_has_come() -> None:
    stopped = Stopped()
    assert not stopped
    assert stopped.by is None


@pytest.mark.parametrize("number", ENDING)
def test_the_first_is_noted_and_the_second_not(earlier: list[int], number: signal.Signals) -> None:
    with stop_signals() as stopped:
        assert not stopped
        signal.raise_signal(number)
        assert stopped
        assert stopped.by == number
        assert earlier == []
        signal.raise_signal(number)
        assert earlier == [number]


def test_a_second_of_another_kind_is_not_noted_either(earlier: list[int]) -> None:
    with stop_signals() as stopped:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert stopped.by == signal.SIGTERM
    assert earlier == [signal.SIGINT]


def test_the_callers_handlers_are_back_afterwards(earlier: list[int]) -> None:
    with pytest.raises(LookupError), stop_signals():
        raise LookupError
    signal.raise_signal(signal.SIGHUP)
    assert earlier == [signal.SIGHUP]
