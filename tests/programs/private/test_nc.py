"""``usernet nc`` to hosts behind a real wireguard-go."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate

from .network import PATIENCE, USERNET

if TYPE_CHECKING:
    from .network import Machine

pytestmark = pytest.mark.root
MEBI = 2**20


@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_twenty_mebibytes_there_and_back(machine: Machine, options: tuple[str, ...]) -> None:
    given = bytes(range(256)) * (20 * MEBI // 256)
    ended = machine.usernet("nc", *options, "db.internal", "7", given=given)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == given


def test_the_end_of_each_side_is_the_end_for_the_other(machine: Machine) -> None:
    started = machine.start(*USERNET, "nc", "--wireguard", machine.file, "10.7.0.1", "9")
    assert started.stdout is not None
    assert started.stdin is not None
    assert started.stdout.read().startswith(b"10.7.0.2 ")
    assert started.poll() is None, "the other way is open still"
    started.stdin.close()
    assert started.wait(PATIENCE) == 0


def test_a_person_need_not_end_what_the_other_side_has_ended(machine: Machine) -> None:
    ours, theirs = os.openpty()
    try:
        ended = subprocess.run(
            machine.words(*USERNET, "nc", "--wireguard", machine.file, "10.7.0.1", "9"),
            stdin=theirs,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env=machine.environment,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"10.7.0.2 ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none.internal", "7"), 11, "usernet: none.internal: no such name"),
        (("10.7.0.1", "81"), 12, "usernet: 10.7.0.1:81: refused: nothing listens there"),
        (("10.8.0.1", "7"), 13, "usernet: 10.8.0.1:7: unreachable: "),
        (("10.9.0.1", "7"), 13, "usernet: 10.9.0.1:7: unreachable: "),
        (("--timeout", "1s", "10.7.0.99", "7"), 14, "usernet: 10.7.0.99:7: timed out: "),
        (("10.7.0.1", "0"), 2, "usernet: port = 0: no port: 1 to 65535"),
        (("--timeout", "1", "10.7.0.1", "7"), 2, 'usernet: timeout = "1": a duration needs a unit'),
    ],
)
def test_each_stage_that_fails_has_its_code(
    machine: Machine, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = machine.usernet("nc", *words)
    assert ended.stdout == b""
    assert ended.stderr.decode().startswith(said)
    assert ended.stderr.count(b"\n") == 1
    assert ended.returncode == code


@pytest.mark.parametrize("options", [("--agent-idle", "1s"), ("--no-agent",)], ids=["agent", "own"])
def test_a_key_that_nobody_knows(machine: Machine, options: tuple[str, ...]) -> None:
    wrong = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
    text = machine.network.text().replace(str(machine.network.public_key), wrong)
    # With a key of its own: an agent of this case outlives it.
    text = text.replace(machine.network.client.reveal(), generate().reveal())
    path = machine.network.write(text, "wrong.conf")
    words = ("--wireguard", str(path), "--timeout", "1500ms", *options, "10.7.0.1", "7")
    ended = machine.run(*USERNET, "nc", *words)
    assert (ended.returncode, ended.stdout) == (10, b"")
    assert ended.stderr.decode().startswith(f"usernet: no handshake with the peer {wrong}")
    secret = next(line for line in text.splitlines() if line.startswith("PrivateKey"))
    assert secret.split()[-1] not in ended.stderr.decode()


@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_a_connection_that_is_reset_is_no_end(machine: Machine, options: tuple[str, ...]) -> None:
    ended = machine.usernet("nc", *options, "db.internal", "8", given=b"x")
    assert (ended.returncode, ended.stdout) == (15, b"")
    assert ended.stderr.decode().startswith("usernet: db.internal:8: reset: the other end")


def test_a_person_is_told_the_stages(machine: Machine) -> None:
    ended = machine.usernet("nc", "-v", "db.internal", "7", given=b"hello")
    assert (ended.returncode, ended.stdout) == (0, b"hello")
    stages = ended.stderr.decode().splitlines()
    for line, said in zip(
        stages,
        (
            f"{machine.file}: waiting for a handshake",
            "handshake done, ",
            "db.internal is 10.7.0.1, ",
            "connected to 10.7.0.1 port 7, ",
            "sent 5 bytes, received 5",
        ),
        strict=True,
    ):
        assert line.startswith(f"usernet: {said}")


def test_who_tells_more_does_not_want_more(machine: Machine) -> None:
    nobody = (
        "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
        "Endpoint = 127.0.0.1:9\nAllowedIPs = 10.99.0.0/16\n"
    )
    text = Path(machine.own_file).read_text() + nobody
    path = str(machine.network.write(text, "two.conf"))
    words = ("--wireguard", path, "--no-agent", "--timeout", "9s", "-v", "10.7.0.1", "7")
    ended = machine.run(*USERNET, "nc", *words, given=b"hello")
    assert (ended.returncode, ended.stdout) == (0, b"hello")
    assert "no handshake with the peer xTIBA5r" in ended.stderr.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_who_is_told_to_go_goes_quietly(
    machine: Machine, number: int, options: tuple[str, ...]
) -> None:
    words = ("--wireguard", machine.file_for(options), *options, "10.7.0.1", "7")
    started = machine.start(*USERNET, "nc", *words)
    assert started.stdin is not None
    assert started.stdout is not None
    started.stdin.write(b"x")
    started.stdin.flush()
    assert started.stdout.read(1) == b"x"
    started.send_signal(number)
    out, said = started.communicate(timeout=PATIENCE)
    assert (started.returncode, out, said) == (0, b"", b"")


def test_who_is_not_read_any_more_leaves_quietly(machine: Machine) -> None:
    started = machine.start(*USERNET, "nc", "--wireguard", machine.file, "10.7.0.1", "7")
    assert started.stdin is not None
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()
    started.stdin.write(b"x" * 1000)
    started.stdin.flush()
    assert started.wait(PATIENCE) == 0
    assert started.stderr.read() == b""


def test_the_connection_itself_can_be_passed_on(machine: Machine) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = ("--wireguard", machine.file, "--pass-descriptor", "db.internal", "7")
        ended = subprocess.run(
            machine.words(*USERNET, "nc", *words),
            stdout=theirs.fileno(),
            check=False,
            timeout=PATIENCE,
            env=machine.environment,
        )
        assert ended.returncode == 0
        _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
    with socket.socket(fileno=descriptor) as stream:
        stream.sendall(b"hello")
        stream.shutdown(socket.SHUT_WR)
        assert stream.makefile("rb").read() == b"hello"


def test_no_descriptor_where_nobody_takes_or_keeps_it(machine: Machine) -> None:
    ended = machine.usernet("nc", "-F", "db.internal", "7")
    assert ended.returncode == 2
    assert b"standard output takes no descriptor" in ended.stderr
    ended = machine.usernet("nc", "-F", "--no-agent", "db.internal", "7")
    assert ended.returncode == 2
    assert b"nobody keeps the connection" in ended.stderr


def test_datagrams(machine: Machine) -> None:
    ended = machine.usernet("nc", "-u", "--timeout", "2s", "db.internal", "7", given=b"hello")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello", b"")


def test_a_descriptor_of_others_keeps_its_flags(machine: Machine) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        started = subprocess.Popen(
            machine.words(*USERNET, "nc", "--wireguard", machine.file, "db.internal", "7"),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            env=machine.environment,
        )
        ours.sendall(b"hello")
        assert ours.recv(5, socket.MSG_WAITALL) == b"hello"
        assert not fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK
        ours.shutdown(socket.SHUT_WR)
        assert started.wait(PATIENCE) == 0
