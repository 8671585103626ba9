"""A program in a network of its own, on a terminal: keys, job control, and a shell inside."""

from __future__ import annotations

import os
import pty
import select
import shlex
import time
from pathlib import Path
from typing import Self

import pytest

pytestmark = pytest.mark.root

PATIENCE = 20.0
SHELL = ("bash", "--norc", "--noediting", "-i")


class Terminal:
    """A terminal with a command on it."""

    def __init__(self, *command: str) -> None:
        self.pid, self._end = pty.fork()
        if not self.pid:
            os.execvp(command[0], command)
        self._unread = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end)

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def expect(self, text: str) -> None:
        """Read until it has come; what was read before is gone."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._unread:
            ready, _, _ = select.select([self._end], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} but {self._unread!r}"
            self._unread += os.read(self._end, 4096).decode(errors="replace")
        self._unread = self._unread.partition(text)[2]

    def wait_until_all_have_stopped(self) -> None:
        """What the command started, whoever started it, reads no key any more."""
        deadline = time.monotonic() + PATIENCE
        while running := [pid for pid in below(self.pid) if state(pid) != "T"]:
            assert time.monotonic() < deadline, f"{running} have not stopped"
            os.sched_yield()

    def code(self) -> int:
        """The exit code of the command, once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def below(pid: int) -> list[int]:
    """All processes that come from one."""
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [one for child in children for one in below(child)]


def state(pid: int) -> str:
    """The state of a process, a letter: proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_ctrl_c_reaches_the_program_which_may_do_as_it_likes(enclosed: tuple[str, ...]) -> None:
    script = "trap 'echo got; exit 4' INT; echo ready; while :; do read x; done"
    with Terminal(*enclosed, "sh", "-c", script) as terminal:
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("got")
        assert terminal.code() == 4


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)])
def test_keys_end_a_program_that_takes_no_care(
    enclosed: tuple[str, ...], key: str, code: int
) -> None:
    with Terminal(*enclosed, "sh", "-c", "echo ready; exec sleep 1000") as terminal:
        terminal.expect("ready")
        terminal.type(key)
        assert terminal.code() == code


def test_ctrl_z_stops_all_of_it_and_fg_goes_on(enclosed: tuple[str, ...]) -> None:
    script = 'echo "rea""dy"; read x; echo "x=$x"; exit 6'
    with Terminal(*SHELL) as terminal:
        terminal.type("PS1='out'\"side> \"\n")
        terminal.expect("outside> ")
        terminal.type(f"{shlex.join((*enclosed, 'sh', '-c', script))}\n")
        terminal.expect("ready")
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("outside> ")
        terminal.wait_until_all_have_stopped()
        terminal.type("fg\n")
        terminal.expect("exit 6")
        terminal.type("hello\n")
        terminal.expect("x=hello")
        terminal.expect("outside> ")
        terminal.type("exit $?\n")
        assert terminal.code() == 6


def test_a_shell_inside_has_jobs_of_its_own_and_can_suspend_itself(
    enclosed: tuple[str, ...],
) -> None:
    with Terminal(*SHELL) as terminal:
        terminal.type("PS1='out'\"side> \"\n")
        terminal.expect("outside> ")
        terminal.type(f"{shlex.join((*enclosed, *SHELL))}\n")
        terminal.expect("# ")
        terminal.type("PS1='in'\"side> \"\n")
        terminal.expect("inside> ")
        terminal.type('sh -c \'echo "rea""dy"; exec sleep 1000\'\n')
        terminal.expect("ready")
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("inside> ")
        terminal.type("suspend\n")
        terminal.expect("Stopped")
        terminal.expect("outside> ")
        terminal.type("fg\n")
        terminal.expect("inside> ")
        # Without a job that is stopped, or may look so still, the shell ends when told to once.
        terminal.type("kill -KILL %1; disown -a; echo $((6 * 7))\n")
        terminal.expect("42")
        terminal.expect("inside> ")
        terminal.type("exit 3\n")
        terminal.expect("outside> ")
        terminal.type("exit 5\n")
        assert terminal.code() == 5
