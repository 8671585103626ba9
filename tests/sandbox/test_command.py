"""A program that runs, whose lines can be waited for."""

import signal
import sys

import pytest

from usernet.sandbox.command import Command


def test_a_line_is_waited_for_on_either_stream() -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr, flush=True); input()"
    with Command([sys.executable, "-c", code]) as command:
        ended = command.wait()
        assert command.wait_for("two") == "two\n"
        assert command.wait_for("on") == "one\n"
    assert ended.code == 1
    assert ended.out == "one\n"
    assert "EOFError" in ended.err


def test_an_end_without_the_line_says_what_came_instead() -> None:
    with (
        Command(["sh", "-c", "echo no such thing >&2; exit 3"]) as command,
        pytest.raises(ChildProcessError, match="ended without “ready”: no such thing"),
    ):
        command.wait_for("ready")


def test_a_line_that_does_not_come_is_not_waited_for_forever() -> None:
    with (
        Command(["sleep", "60"]) as command,
        pytest.raises(TimeoutError, match=r"no “ready” in 0\.05 s: it said nothing"),
    ):
        command.wait_for("ready", timeout=0.05)


def test_stop_sends_the_signal_and_waits_for_the_end() -> None:
    with Command(["sleep", "60"]) as command:
        assert command.stop(signal.SIGTERM).code == -signal.SIGTERM
