"""``usernet emulate`` and its interfaces: it outlives what they do, and leaves them as found."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from usernet.sandbox import SERVER, Command, Namespace, Path, path

pytestmark = pytest.mark.root


@pytest.fixture
def joint() -> Iterator[Path]:
    with path() as made:
        yield made


def reaches(made: Path, seconds: float = 10.0) -> bool:
    """Whether a ping comes back before the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            made.client.run("ping", "-n", "-c1", "-W0.2", SERVER[0])
            return True
    return False


def ended(command: Command, seconds: float) -> bool:
    """Whether the program ends within so many seconds."""
    descriptor = os.pidfd_open(command.pid)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def state(namespace: Namespace) -> list[object]:
    """What there is to know of a namespace's interfaces: flags, modes, addresses, offloads."""
    links: list[object] = settled(namespace)
    offloads = [namespace.run("ethtool", "--show-features", name) for name in ("a", "b")]
    return [*links, *offloads]


def settled(namespace: Namespace) -> list[object]:
    """The interfaces, once the kernel says of both that they are up: it does so a while later."""
    while True:
        links: list[dict[str, object]] = json.loads(
            namespace.run("ip", "-json", "-details", "address")
        )
        states = {link["ifname"]: link["operstate"] for link in links}
        if states["a"] == states["b"] == "UP":
            return [*links]


class TestWhatDoesNotEndIt:
    def test_a_frame_above_the_outer_mtu(self, joint: Path) -> None:
        joint.client.ip("link set dev eth0 mtu 9000")
        joint.middle.ip("link set dev a mtu 9000")
        joint.introduce()
        with joint.emulate() as line, joint.client.socket(kind=socket.SOCK_DGRAM) as outbox:
            for _ in range(10):
                outbox.sendto(bytes(5000), (SERVER[0], 9))
            assert reaches(joint)
            assert line.stop().code == 0

    @pytest.mark.parametrize("end", ["a", "b"])
    def test_a_link_down_and_up(self, joint: Path, end: str) -> None:
        with joint.emulate() as line:
            assert reaches(joint)
            joint.middle.ip(f"link set dev {end} down")
            assert not reaches(joint, seconds=0.5)
            joint.middle.ip(f"link set dev {end} up")
            assert reaches(joint)
            assert line.stop().code == 0

    def test_a_carrier_lost_and_found(self, joint: Path) -> None:
        with joint.emulate() as line:
            assert reaches(joint)
            joint.server.ip("link set dev eth0 down")
            assert not reaches(joint, seconds=0.5)
            joint.server.ip("link set dev eth0 up")
            assert reaches(joint)
            assert line.stop().code == 0

    def test_an_interface_that_vanishes_and_returns(self, joint: Path) -> None:
        with joint.emulate() as line:
            assert reaches(joint)
            joint.middle.ip("link del dev b")
            assert not reaches(joint, seconds=0.5)
            joint.attach_server()
            joint.client.ip("neigh flush dev eth0")
            assert reaches(joint)
            assert line.stop().code == 0

    def test_no_traffic_at_all(self, joint: Path) -> None:
        with joint.emulate() as line:
            assert not ended(line, 0.3)
            assert line.stop().code == 0


class TestWhatAnotherHas:
    def test_it_is_refused_and_the_other_goes_on(self, joint: Path) -> None:
        with joint.emulate() as line:
            assert reaches(joint)
            with joint.usernet("emulate", "--between", "lo", "b") as second:
                refused = second.wait()
            said = f"usernet: b: another line has it, process {line.pid}: "
            assert (refused.code, refused.err.startswith(said)) == (3, True), refused.err
            assert reaches(joint)
            assert line.stop(signal.SIGKILL).code == -signal.SIGKILL
        with joint.emulate() as line:
            assert reaches(joint)
            assert line.stop().code == 0


class TestWhatItLeaves:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
    def test_interfaces_as_they_were(self, joint: Path, how: signal.Signals) -> None:
        before = state(joint.middle)
        with joint.emulate("--loss", "1%", "--rate", "100mbit") as line:
            assert reaches(joint)
            assert line.stop(how).code == (0 if how is not signal.SIGKILL else -how)
        assert state(joint.middle) == before

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_a_last_word_on_fidelity(self, joint: Path, how: signal.Signals) -> None:
        with joint.emulate("--delay", "1ms") as line:
            assert reaches(joint)
            assert "fidelity: " in line.stop(how).err
        with joint.emulate("--delay", "1ms", "--json") as line:
            assert reaches(joint)
            last = json.loads(line.stop(how).out.splitlines()[-1])
        assert last["fidelity"]["verdict"] in {"trusted", "inconclusive"}
        assert last["impairments"]["up"]["packets_out"] >= 1

    def test_it_ends_by_itself_when_told_how_long(self, joint: Path) -> None:
        began = time.monotonic()
        with joint.emulate("--duration", "500ms") as line:
            assert line.wait().code == 0
        assert time.monotonic() - began >= 0.5

    def test_a_capture_that_says_why_packets_were_dropped(
        self, joint: Path, tmp_path: os.PathLike[str]
    ) -> None:
        capture = os.path.join(tmp_path, "out.pcapng")
        with joint.emulate("--up", "loss=50%", "--pcap", capture, "--json") as line:
            joint.introduce()
            with contextlib.suppress(ChildProcessError):
                joint.client.run("ping", "-n", "-c40", "-i0.005", "-W0.2", SERVER[0])
            end = json.loads(line.stop().out.splitlines()[-1])
        lost = end["impairments"]["up"]["dropped"]["loss"]
        passed = sum(end["impairments"][side]["packets_out"] for side in ("up", "down"))
        comments = read_comments(capture)
        assert 0 < lost < 40
        assert sum("loss" in comment for comment in comments) == lost
        assert sum(not comment for comment in comments) == passed


def read_comments(capture: str) -> list[str]:
    """The comment of each packet, by tshark; empty where there is none."""
    tshark = ["tshark", "-r", capture, "-T", "fields", "-e", "frame.comment"]
    ran = subprocess.run(tshark, capture_output=True, text=True, check=True)
    return ran.stdout.split("\n")[:-1]
