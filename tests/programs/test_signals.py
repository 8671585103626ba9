"""Signals: the first that asks to end is noted, the second has its usual effect."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from usernet.programs.signals import stop_signals

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


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_the_first_is_noted_and_the_second_not(earlier: list[int], number: signal.Signals) -> None:
    with stop_signals() as stopped:
        assert not stopped
        signal.raise_signal(number)
        assert stopped
        assert earlier == []
        signal.raise_signal(number)
        assert earlier == [number]


def test_a_second_of_another_kind_has_its_effect_too(earlier: list[int]) -> None:
    with stop_signals() as stopped:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stopped
    assert earlier == [signal.SIGINT]


def test_the_callers_handlers_are_back_afterwards(earlier: list[int]) -> None:
    with pytest.raises(LookupError), stop_signals():
        raise LookupError
    signal.raise_signal(signal.SIGHUP)
    assert earlier == [signal.SIGHUP]


def test_a_signal_ends_the_sleep(earlier: list[int]) -> None:
    with stop_signals() as stopped:
        wakes = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM))
        wakes.start()
        before = time.monotonic()
        stopped.wait(30)
        assert time.monotonic() - before < 20
        assert stopped
        wakes.join()
    assert earlier == []


def test_after_a_signal_nobody_sleeps(earlier: list[int]) -> None:
    with stop_signals() as stopped:
        signal.raise_signal(signal.SIGINT)
        before = time.monotonic()
        stopped.wait(30)
        assert time.monotonic() - before < 20
    assert earlier == []


def test_without_a_signal_the_sleep_has_its_length(earlier: list[int]) -> None:
    with stop_signals() as stopped:
        before = time.monotonic()
        stopped.wait(0.01)
        assert time.monotonic() - before >= 0.009
        assert not stopped
    assert earlier == []


def test_the_callers_wake_up_is_back_afterwards(earlier: list[int]) -> None:
    before = signal.set_wakeup_fd(-1)
    with stop_signals() as stopped:
        inside = signal.set_wakeup_fd(stopped.fileno())
        assert inside == stopped.fileno()
    assert signal.set_wakeup_fd(before) == -1
    assert earlier == []


def test_files_are_read_again_for_sighup_once_each_time(earlier: list[int]) -> None:
    with stop_signals(reads_again=True) as stopped:
        assert not stopped.take_again()
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
            assert stopped.take_again()
            assert not stopped.take_again()
        assert not stopped
        signal.raise_signal(signal.SIGTERM)
        assert stopped
    assert earlier == []


PROGRAM = """
import fcntl, termios
from usernet.programs.signals import stop_signals
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
with stop_signals(reads_again=True) as stopped:
    print("ready", flush=True)
    while not stopped:
        stopped.wait(60)
        if stopped.take_again():
            print("again", flush=True)
"""


def test_sighup_of_a_terminal_that_has_gone_ends_it() -> None:
    ours, its = pty.openpty()
    words = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        words, stdin=its, stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as started:
        os.close(its)
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        started.send_signal(signal.SIGHUP)
        assert started.stdout.readline() == "again\n"
        os.close(ours)
        assert started.wait(60) == 0
        assert started.stdout.read() == ""
