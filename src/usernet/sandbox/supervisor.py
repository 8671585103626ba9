"""Supervisor: the process that holds a program's network, starts the program, and tells its end.

It is a child of `usernet run`, in the same session and process group, so that the terminal treats
all of them as one job. Whichever of the two ends first, the other ends what is left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import UsernetError
from usernet.sandbox.launch import launch
from usernet.sandbox.leftovers import end_all
from usernet.sandbox.lingering import lingering
from usernet.sandbox.signals import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.sandbox.message import Channel

__all__ = ["supervise"]

_SAME_SIGNAL = 1.0
"""Seconds within which two of one number are the same one, sent to the whole group."""
_LINGER = 10.0
"""Seconds for which connections may still send when the program has ended."""
_HURRY = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""Who gets one of these does not wait for connections."""
_NAME = "supervisor"
"""What it is called, in place of ``usernet``: a signal to all of a name, as pkill(1) sends it,
would seem to be one to the group, which the program has got already."""
_LINGER_LOOK = 0.02
"""Seconds between two looks at them."""

Found = Callable[[], Iterable[int]]
"""Which processes go when the program has ended."""


def supervise(
    channel: Channel, command: Sequence[str], outer: Watch, found: Found, *, linger: bool
) -> None:
    """Start a program when told so, and see after it until it ends, or the other side does.

    Args:
        channel: To the process that gave the order.
        command: The program and its arguments.
        outer: What the process that this one comes from does with signals.
        found: What is left to end when the program has ended.
        linger: Whether to wait for what the program's connections still send.
    """
    Path("/proc/self/comm").write_text(_NAME)
    watch = Watch([signal.SIGCHLD, signal.SIGCONT], outer)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        if _told_to_run(channel):
            _Supervisor(channel, watch).run(command, found, linger=linger)
    except UsernetError as error:
        channel.tell("failed", kind=type(error).__name__, message=str(error))
    finally:
        end_all(found)


def _told_to_run(channel: Channel) -> bool:
    message = channel.hear()
    return message is not None and message.what == "run"


class _Supervisor:
    def __init__(self, channel: Channel, watch: Watch) -> None:
        self._channel = channel
        self._watch = watch
        self._own: dict[int, float] = {}
        self._status: int | None = None
        self._program = 0
        self._has_stopped = False
        self._hurried = False
        self._alone = False

    def run(self, command: Sequence[str], found: Found, *, linger: bool) -> None:
        self._program = launch(command, self._watch)
        self._channel.tell("started", pid=self._program)
        while self._status is None and not self._alone:
            self._look(None)
        if self._status is None:
            return
        code = os.waitstatus_to_exitcode(self._status)
        end_all(found)
        deadline = time.monotonic() + (_LINGER if linger and code >= 0 else 0)
        while not (self._hurried or self._alone) and time.monotonic() < deadline and lingering():
            self._look(_LINGER_LOOK)
        self._channel.tell("ended", code=code)

    def _look(self, seconds: float | None) -> None:
        """Wait for something to happen, and see what it is."""
        ends: list[Watch | Channel] = [self._watch, self._channel]
        ready, _, _ = select.select(ends, [], [], seconds)
        self._note_signals()
        if self._channel in ready:
            self._hear()

    def _note_signals(self) -> None:
        for number in self._watch.numbers():
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGCONT:
                self._go_on()
            else:
                self._own[number] = time.monotonic()

    def _hear(self) -> None:
        message = self._channel.hear()
        if message is None:
            self._alone = True
        elif message.what == "signal":
            self._note_signals()
            self._pass_on(message.number("number"))

    def _pass_on(self, number: int) -> None:
        """Send the program a signal that the other process got, unless it has it already.

        What comes from the terminal, or is sent to the process group, all of us get, and the
        program too, as long as it is in the group.
        """
        self._hurried |= number in _HURRY
        to_all = time.monotonic() - self._own.pop(number, -_SAME_SIGNAL) < _SAME_SIGNAL
        if self._status is not None:
            return
        if not (to_all and os.getpgid(self._program) == os.getpgrp()):
            with contextlib.suppress(PermissionError):  # it may have become somebody else's
                os.kill(self._program, number)

    def _reap(self) -> None:
        """Take note of the children that have ended: the program, and whoever was orphaned."""
        try:
            while (seen := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
                if seen[0] == self._program:
                    self._see(seen[1])
        except ChildProcessError:
            return

    def _see(self, status: int) -> None:
        if not os.WIFSTOPPED(status):
            self._status = status
        elif os.getpgid(self._program) != os.getpgrp():
            self._has_stopped = True
            os.killpg(os.getpgrp(), signal.SIGSTOP)

    def _go_on(self) -> None:
        """Our group goes on: so does a program that had made all of us stop.

        A shell that is the program has a group of its own. When it suspends itself, the shell
        outside looks at us alone.
        """
        if self._has_stopped and self._status is None:
            group = os.getpgid(self._program)
            _hand_terminal(group)
            os.killpg(group, signal.SIGCONT)
        self._has_stopped = False


def _hand_terminal(group: int) -> None:
    """Give another group the terminal, if our own has it."""
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.tcgetpgrp(terminal) == os.getpgrp():
                os.tcsetpgrp(terminal, group)
        finally:
            os.close(terminal)
