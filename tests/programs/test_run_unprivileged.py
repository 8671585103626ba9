"""``usernet run`` without privilege: as nobody, as a container's root, where it is forbidden."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from usernet.sandbox import Command
from usernet.sandbox.leftovers import inhabitants

pytestmark = pytest.mark.root

NOBODY = 65534
SOURCES = Path(__file__).parents[2] / "src"
MAIN = "from usernet.programs.main import main; main()"
DEVICE = 'mount -t tmpfs t /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"'
"""A device that everybody may use, as on most systems, in a mount namespace of the test's own."""
WITHOUT = ("setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")
CONTAINER = ("setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all,+setfcap")
"""Root as in a container: of what it has there, a user namespace that it is root in needs this."""
NO_DEVICE = 'mount -t tmpfs t /dev/net && exec "$@"'
AS_NOBODY = (*WITHOUT, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def environment() -> str:
    return f"PYTHONPATH={SOURCES}:{sysconfig.get_path('purelib')}"


def python() -> str:
    """An interpreter that nobody may run, and that finds this package."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        words = (*AS_NOBODY, "env", environment(), candidate, "-c", "import usernet.programs.main")
        if not subprocess.run(words, capture_output=True, check=False).returncode:
            return candidate
    pytest.skip(f"nobody may not read {sys.executable}, or {SOURCES}")


@pytest.fixture(scope="module", params=["nobody", "nobody without a device", "root of a container"])
def usernet(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The words before those of ``usernet``."""
    nobody = request.param.startswith("nobody")
    who = (*AS_NOBODY, "env", environment(), python()) if nobody else (*CONTAINER, sys.executable)
    device = NO_DEVICE if request.param.endswith("device") else DEVICE
    return ("unshare", "--mount", "sh", "-c", device, "sh", *who, "-c", MAIN)


def ran(words: tuple[str, ...], *more: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*words, *more], capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )
    assert done.returncode == code, done.stderr
    return done


def test_the_program_reaches_the_machine(usernet: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        read = f"cat </dev/tcp/192.0.0.3/{server.getsockname()[1]}"
        with Command([*usernet, "run", "--rtt", "20ms", "bash", "-c", read]) as command:
            server.settimeout(20)
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"from outside")
            assert command.wait().out == "from outside"


def test_ping_needs_no_privilege(usernet: tuple[str, ...]) -> None:
    for address in ("192.0.0.1", "fd75:7365:726e:6574::1"):
        assert " 0% packet loss" in ran(usernet, "run", "ping", "-c1", "-W5", address).stdout


def test_the_user_is_the_same_and_has_no_capability(usernet: tuple[str, ...]) -> None:
    script = "id -u; id -g; grep CapEff /proc/self/status | cut -f2; stat -c %U /etc/passwd"
    user, group, effective, owner = ran(usernet, "run", "sh", "-c", script).stdout.split()
    assert user == group
    if user == str(NOBODY):
        assert (int(effective, 16), owner) == (0, "nobody")
    else:
        assert (user, owner) == ("0", "root")


def test_a_server_inside_may_have_a_port_below_1024(usernet: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    serve = "import socket; s = socket.create_server(('', 80)); print('ready', flush=True); "
    answer = "c = s.accept()[0]; c.sendall(b'from inside'); c.close()"
    words = [*usernet, "run", "--publish", f"{port}:80", "python3", "-c", serve + answer]
    with Command([*words[:-3], "/usr/bin/python3", *words[-2:]]) as command:
        command.wait_for("ready")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            assert connection.recv(99) == b"from inside"
        assert command.wait().code == 0


@pytest.mark.parametrize("victim", ["outer", "supervisor"])
def test_a_kill_of_either_side_leaves_nothing(usernet: tuple[str, ...], victim: str) -> None:
    script = "setsid sleep 1000 & stat -Lc 'network %i' /proc/self/ns/net; exec sleep 1000"
    with Command([*usernet, "run", "sh", "-c", script]) as command:
        network = int(command.wait_for("network").split()[1])
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        os.kill(command.pid if victim == "outer" else int(children[0]), signal.SIGKILL)
        ended = command.wait()
        while inhabitants(network):
            os.sched_yield()
    assert ended.code == (-signal.SIGKILL if victim == "outer" else 7)


def test_what_forbids_it_is_named_with_what_would_allow_it() -> None:
    forbid = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    inside = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", forbid, "sh", *WITHOUT)
    done = ran((*inside, sys.executable, "-c", MAIN), "run", "echo", "started", code=4)
    assert done.stdout == ""
    assert done.stderr == (
        "usernet: user.max_user_namespaces = 0 forbids user namespaces, and a network needs one; "
        "grant it with: sudo sysctl -w user.max_user_namespaces=15000\n"
    )


FILTER = """
import ctypes, errno, os, platform, struct, sys
unshare = {"x86_64": 272, "aarch64": 97}[platform.machine()]
load, if_equal, answer = 0x20, 0x15, 0x06  # linux/bpf_common.h: the number of the call, a jump
rules = [(load, 0, 0, 0), (if_equal, 0, 1, unshare), (answer, 0, 0, 0x50000 | errno.EPERM)]
rules.append((answer, 0, 0, 0x7FFF0000))  # linux/seccomp.h: SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(kept))
if ctypes.CDLL(None).prctl(22, 2, program, 0, 0):  # linux/prctl.h: PR_SET_SECCOMP
    sys.exit(99)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""What a container's filter of system calls does with unshare(2)."""


def test_a_filter_of_system_calls_is_named() -> None:
    who = (*AS_NOBODY, "env", environment(), python())
    words = (*who, "-c", FILTER, python(), "-c", MAIN)
    done = ran(words, "run", "echo", "started", code=4)
    assert done.stdout == ""
    assert done.stderr.startswith("usernet: a seccomp filter forbids user namespaces")
    assert done.stderr.count("\n") == 1


def test_root_that_may_not_be_itself_is_told_so() -> None:
    done = ran((*WITHOUT, sys.executable, "-c", MAIN), "run", "echo", "started", code=4)
    assert done.stdout == ""
    assert "CAP_SETFCAP" in done.stderr
    assert done.stderr.count("\n") == 1
