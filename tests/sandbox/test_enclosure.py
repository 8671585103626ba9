"""A program in a network of its own: seen from inside, from outside, and when any of it is killed.

Nothing is emulated here: the other end of the network's device is silent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox.command import Command
from usernet.sandbox.leftovers import inhabitants

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.root

IDLE = "stat -Lc 'network %i' /proc/self/ns/net; exec sleep 1000"


Enclosed = tuple[str, ...]
Ran = Callable[..., subprocess.CompletedProcess[str]]
Said = Callable[..., str]


@pytest.fixture
def ran(enclosed: Enclosed) -> Ran:
    """Runs a program to its end."""

    def ran(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [*enclosed, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **options,  # type: ignore[call-overload]
        )
        return done

    return ran


@pytest.fixture
def said(ran: Ran) -> Said:
    """Runs a program that does well, for what it says."""

    def said(*command: str) -> str:
        done = ran(*command)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return said


class TestHowItEnds:
    @pytest.mark.parametrize(
        ("script", "code"),
        [("exit 0", 0), ("exit 5", 5), ("kill -TERM $$", 143), ("kill -KILL $$", 137)],
    )
    def test_its_exit_code_is_passed_on(self, ran: Ran, script: str, code: int) -> None:
        done = ran("sh", "-c", script)
        assert (done.returncode, done.stderr) == (code, "")

    @pytest.mark.parametrize(
        ("program", "code", "problem"),
        [
            ("un-such", 127, "not found"),
            ("./un-such", 127, "not found"),
            ("/etc/passwd/un", 127, "not found"),
            ("/tmp", 126, "cannot be run: Permission denied"),
            ("/etc/passwd", 126, "cannot be run: Permission denied"),
        ],
    )
    def test_what_cannot_be_started(self, ran: Ran, program: str, code: int, problem: str) -> None:
        done = ran(program)
        assert (done.returncode, done.stderr) == (code, f"{program}: {problem}\n")

    def test_a_script_without_a_first_line_is_the_shells(self, ran: Ran, tmp_path: Path) -> None:
        script = tmp_path / "script"
        script.write_text('echo "$1"; exit 3\n')
        script.chmod(0o755)
        done = ran(str(script), "an argument")
        assert (done.returncode, done.stdout) == (3, "an argument\n")


class TestWhatItSees:
    def test_loopback_and_one_interface_with_default_routes(self, said: Said) -> None:
        lo, own = json.loads(said("ip", "-json", "address"))
        assert (lo["ifname"], own["ifname"], own["mtu"]) == ("lo", "usernet0", 1400)
        assert "UP" in lo["flags"]
        assert [f"{one['local']}/{one['prefixlen']}" for one in own["addr_info"]] == [
            "192.0.0.2/29",
            "fd75:7365:726e:6574::2/64",
        ]
        (route,) = json.loads(said("ip", "-json", "route", "show", "default"))
        assert (route["gateway"], route["dev"]) == ("192.0.0.1", "usernet0")
        (route,) = json.loads(said("ip", "-json", "-6", "route", "show", "default"))
        assert (route["gateway"], route["dev"]) == ("fd75:7365:726e:6574::1", "usernet0")

    def test_names_of_its_own_while_the_machines_stay(self, said: Said) -> None:
        before = Path("/etc/resolv.conf").read_text(), Path("/etc/hosts").read_text()
        mounts = Path("/proc/self/mountinfo").read_text()
        assert said("cat", "/etc/resolv.conf") == "nameserver 192.0.0.1\n"
        assert said("getent", "ahostsv4", "host.usernet").startswith("192.0.0.3 ")
        assert before == (Path("/etc/resolv.conf").read_text(), Path("/etc/hosts").read_text())
        assert mounts == Path("/proc/self/mountinfo").read_text()

    def test_nothing_of_what_was_put_in_place_of_files_can_be_seen(self, said: Said) -> None:
        own = said("cat", "/proc/self/mountinfo").splitlines()
        outside = Path("/proc/self/mountinfo").read_text().splitlines()
        places = [line.split()[4] for line in own]
        more = len(own) - len(outside)
        assert sorted(places[-more:]) == ["/etc/hosts", "/etc/resolv.conf"]

    def test_the_folder_the_environment_and_the_user_are_as_they_were(
        self, ran: Ran, tmp_path: Path
    ) -> None:
        environment = {"PATH": os.environ["PATH"], "UN": "set", "PYTHONPATH": "src"}
        code = (
            "import os; print(os.getcwd(), sorted(os.environ.items()), os.getresuid(), os.umask(0))"
        )
        own = [sys.executable, "-c", code]
        direct = subprocess.run(
            own,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            umask=0o27,
        )
        done = ran(*own, cwd=tmp_path, env=environment, umask=0o27)
        assert done.stdout == direct.stdout

    def test_descriptors_and_signals_are_as_they_were(self, ran: Ran) -> None:
        script = "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd"
        reads, writes = os.pipe()
        try:
            direct = subprocess.run(
                ["sh", "-c", script], capture_output=True, text=True, check=True, pass_fds=(reads,)
            )
            done = ran("sh", "-c", script, pass_fds=(reads,))
        finally:
            os.close(reads)
            os.close(writes)
        assert str(reads) in done.stdout.split()
        assert done.stdout == direct.stdout


class TestWhatItLeaves:
    @pytest.mark.parametrize(
        "script",
        [
            "sleep 1000 & exit 0",
            "setsid sh -c 'setsid sleep 1000 & sleep 1000' & exit 0",
            "unshare --net sleep 1000 & exit 0",
            "(trap '' TERM HUP; sleep 1000) & kill -KILL $$",
        ],
    )
    def test_nothing_that_it_started_outlives_it(self, ran: Ran, script: str) -> None:
        done = ran("sh", "-c", f"stat -Lc %i /proc/self/ns/net; {script}")
        assert inhabitants(int(done.stdout)) == set()
        assert not asleep()

    @pytest.mark.parametrize("victim", ["outer", "supervisor", "program"])
    def test_a_kill_of_any_of_the_three_leaves_nothing(
        self, enclosed: Enclosed, victim: str
    ) -> None:
        mounts = Path("/proc/self/mountinfo").read_text()
        background = "setsid sh -c 'setsid sleep 1000 & sleep 1000' & "
        with Command([*enclosed, "sh", "-c", background + IDLE]) as command:
            network = int(command.wait_for("network").split()[1])
            (supervisor,) = descendants(command.pid)
            program = next(iter(descendants(supervisor)))
            os.kill({"outer": command.pid, "supervisor": supervisor}.get(victim, program), 9)
            ended = command.wait()
            everybody_ends(network)
        assert ended.code == {"outer": -9, "supervisor": 7}.get(victim, 137)
        assert ("was killed" in ended.err) is (victim == "supervisor")
        assert not asleep()
        assert mounts == Path("/proc/self/mountinfo").read_text()


class TestSignals:
    COUNTS = """
import signal, sys
def note(number, _):
    print(signal.Signals(number).name, flush=True)
for number in (1, 2, 3, 10, 12, 15):
    signal.signal(number, note)
signal.signal(signal.SIGALRM, lambda *_: sys.exit(9))
print("ready", flush=True)
while True:
    signal.pause()
"""
    NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM")

    @pytest.mark.parametrize("to", ["one", "group", "name"])
    def test_each_reaches_the_program_once(self, enclosed: Enclosed, to: str) -> None:
        """Sent to the command alone, to all, as the terminal does, or to a name, as pkill does."""
        with subprocess.Popen(
            [*enclosed, sys.executable, "-c", self.COUNTS],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as command:
            assert command.stdout is not None
            assert command.stdout.readline() == "ready\n"
            send = {"one": os.kill, "group": os.killpg, "name": kill_namesakes}[to]
            for name in self.NAMES:
                send(command.pid, signal.Signals[name])
                assert command.stdout.readline() == f"{name}\n"
            (supervisor,) = descendants(command.pid)
            (program,) = descendants(supervisor)
            os.kill(program, signal.SIGALRM)
            assert command.stdout.read() == ""
            assert command.wait(20) == 9

    def test_one_that_was_ignored_stays_ignored(self, enclosed: Enclosed) -> None:
        script = "trap '' HUP; exec \"$@\""
        done = subprocess.run(
            [
                "sh",
                "-c",
                script,
                "sh",
                *enclosed,
                "sh",
                "-c",
                "kill -HUP $$; kill -HUP $PPID; echo on",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (0, "on\n")


def kill_namesakes(pid: int, number: int) -> None:
    """Send a signal to a process, and to its child where that is called the same."""
    for one in (pid, *descendants(pid)):
        if Path(f"/proc/{one}/comm").read_text() == Path(f"/proc/{pid}/comm").read_text():
            os.kill(one, number)


def descendants(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def everybody_ends(network: int) -> None:
    """Wait for the end of all in a network, which others have to bring about."""
    while left := inhabitants(network):
        for pid in left:
            wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    import select  # noqa: PLC0415

    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 20)[0]
    finally:
        os.close(descriptor)


def asleep() -> Mapping[int, str]:
    """The programs of these tests that still run."""
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if words == b"sleep\x001000\x00":
            found[int(name)] = words.decode()
    return found
