"""A network namespace that ends with the process that made it."""

import os
import select
import socket
import subprocess
import sys

import pytest

from usernet.sandbox.namespace import Namespace

pytestmark = pytest.mark.root


def identity(pid: int | str) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def test_it_is_another_one_and_holds_loopback_alone() -> None:
    with Namespace() as namespace:
        assert identity(namespace.pid) != identity("self")
        assert namespace.run("sh", "-c", "ip -brief link show up | cut -d' ' -f1") == "lo\n"


def test_a_socket_stays_in_it_and_the_caller_outside() -> None:
    before = identity("thread-self")
    with Namespace() as namespace, namespace.socket() as ours, socket.socket() as outside:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        outside.settimeout(1)
        with pytest.raises(ConnectionRefusedError):
            outside.connect(ours.getsockname())
        with namespace.socket() as inside:
            inside.connect(ours.getsockname())
    assert identity("thread-self") == before


def test_a_command_that_fails_says_why() -> None:
    with Namespace() as namespace, pytest.raises(ChildProcessError, match="nowhere"):
        namespace.ip("link set nowhere up")


def test_it_ends_even_when_its_maker_is_killed() -> None:
    code = (
        "from usernet.sandbox import Namespace\n"
        "import os, signal\n"
        "print(Namespace().pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        assert ends_within(5, int(made.stdout.readline()))


def ends_within(seconds: float, pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
