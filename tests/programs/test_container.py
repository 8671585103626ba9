"""``usernet container``: in a bare namespace, as it is in a container."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox import PROGRAM
from usernet.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

PEER, CONTROL = "10.78.0.1", "10.79.0.1"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Namespace() as inside, Namespace() as outside:
        yield Box(inside, outside, tmp_path)


class Box:
    """What a container has: eth0, which leads everywhere, and eth1, a second network."""

    def __init__(self, inside: Namespace, outside: Namespace, folder: Path) -> None:
        self.inside = inside
        self.folder = folder
        inside.ip(
            f"link add eth0 type veth peer name eth0 netns {outside.pid}",
            f"link add eth1 type veth peer name eth1 netns {outside.pid}",
            "link set eth0 addrgenmode none",  # what the kernel makes comes late
            "link set eth1 addrgenmode none",
            "addr add 10.78.0.2/24 dev eth0",
            "addr add fe80::78:2/64 dev eth0 nodad",
            "addr add fd78::2/64 dev eth0 nodad",
            "addr add 10.79.0.2/24 dev eth1",
            "link set eth0 up",
            "link set eth1 up",
            f"route add default via {PEER}",
            f"route add 10.99.0.0/16 via {PEER} metric 7",
        )
        outside.ip(
            f"addr add {PEER}/24 dev eth0",
            "addr add fd78::1/64 dev eth0 nodad",
            f"addr add {CONTROL}/24 dev eth1",
            "link set eth0 up",
            "link set eth1 up",
        )

    def state(self) -> dict[str, object]:
        """Addresses, routes and MACs, as far as anybody can see them."""
        shown = json.loads(self.inside.run("ip", "-j", "addr", "show"))
        links = {
            one["ifname"]: (
                one["address"],
                "NOARP" in one["flags"],
                sorted((a["local"], a["prefixlen"]) for a in one["addr_info"]),
            )
            for one in shown
        }
        routes = self.inside.run("ip", "-4", "route", "show").splitlines()
        known = sorted(
            line.replace(" linkdown", "").strip() for line in routes
        )  # veth comes up late
        return {"links": links, "routes": known}

    def command(self, *words: str) -> list[str]:
        return self.inside.command(PROGRAM, "container", *words)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, env=environment
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        return subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, text=True, env=environment
        )


def fastest(said: str) -> float:
    return min(float(time) for time in re.findall(r"time=([\d.]+) ms", said))


@pytest.mark.parametrize("address", [PEER, "fd78::1"])
def test_the_program_is_on_the_line_and_all_is_as_before_after_it(box: Box, address: str) -> None:
    before = box.state()
    ping = ("ping", "-n", "-c", "3", "-i", "0.2", address)
    ended = box.run("--delay", "30ms", "--quiet", "--", *ping)
    assert ended.returncode == 0, ended.stderr
    assert fastest(ended.stdout) >= 60
    assert ended.stdout.count("bytes from") == 3  # none of them twice
    assert box.state() == before


def test_the_address_and_the_mac_are_the_programs(box: Box) -> None:
    mac = json.loads(box.inside.run("ip", "-j", "link", "show", "dev", "eth0"))[0]["address"]
    ended = box.run("--quiet", "--", "ip", "-br", "addr", "show", "usernet0")
    assert "10.78.0.2/24" in ended.stdout
    again = box.run("--quiet", "--", "ip", "-j", "link", "show", "dev", "usernet0")
    assert json.loads(again.stdout)[0]["address"] == mac


def test_a_second_network_is_left_alone(box: Box) -> None:
    ended = box.run("--delay", "100ms", "--quiet", "--", "ping", "-n", "-c", "2", CONTROL)
    assert fastest(ended.stdout) < 100
    taken = box.run(
        "--network",
        "10.79.0.0/24",
        "--delay",
        "30ms",
        "--quiet",
        "--",
        "ping",
        "-n",
        "-c",
        "2",
        CONTROL,
    )
    assert fastest(taken.stdout) >= 60


def test_the_exit_code_and_signals_are_the_programs(box: Box) -> None:
    assert box.run("--quiet", "--", "sh", "-c", "exit 7").returncode == 7
    assert box.run("--quiet", "--", "sh", "-c", "kill -9 $$").returncode == 137
    assert box.run("--quiet", "--", "no-such-program").returncode == 127
    trap = "trap 'echo heard; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
    running = box.start("--quiet", "--", "sh", "-c", trap)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.communicate(timeout=30)[0] == "heard\n"
    assert running.returncode == 3


def test_what_a_killed_one_took_is_given_back(box: Box) -> None:
    before = box.state()
    running = box.start("--quiet", "--", "sh", "-c", "echo ready; exec sleep 60")
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    second = box.run("--", "true")
    assert second.returncode == 3
    assert "eth0: is taken already" in second.stderr
    children = box.inside.run("pgrep", "-P", str(running.pid)).split()
    running.kill()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    running.communicate(timeout=30)
    assert box.state() != before
    box.folder /= "elsewhere"  # another container has other files
    box.folder.mkdir(mode=0o700)
    given = box.run("--restore")
    assert (given.returncode, given.stderr) == (0, "usernet: eth0 was given back\n")
    assert box.state() == before
    assert box.run("--restore").stderr == "usernet: nothing was given back\n"
    assert box.inside.run("ping", "-c", "1", "-W", "5", PEER)


KILLED = """
import subprocess
from usernet.sandbox.takeover import find, restore
def do(steps):
    for step in steps:
        subprocess.run(["ip", *step.split()], check=True)
before = find()
taking, returning = list(before.taking()), list(before.returning())
for done in range(len(taking) + 1):
    do(taking[:done])
    print(restore(), find() == before)
for done in range(len(returning)):
    do([*taking, *returning[:done]])
    print(restore(), find() == before)
"""


def test_wherever_it_is_killed_nothing_is_lost(box: Box) -> None:
    before = box.state()
    nothing, unnamed, *others = box.inside.run(sys.executable, "-c", KILLED).splitlines()
    assert nothing == unnamed == "None True"
    assert len(others) == 11 + 8
    assert set(others) == {"eth0 True"}
    assert box.state() == before


def test_it_is_changed_while_it_runs(box: Box) -> None:
    running = box.start("--quiet", "--", "sh", "-c", f"while :; do ping -n -c 1 {PEER}; done")
    assert running.stdout is not None
    assert "PING" in running.stdout.readline()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(box.folder)}
    subprocess.run([PROGRAM, "set", "--up", "delay=80ms"], check=True, env=environment)
    deadline = time.monotonic() + 30
    for line in running.stdout:
        found = re.search(r"time=([\d.]+) ms", line)
        if found and float(found[1]) >= 80:
            break
        assert time.monotonic() < deadline
    running.terminate()
    running.communicate(timeout=30)


def test_where_no_interface_leads(box: Box) -> None:
    ended = box.run("--network", "127.0.0.1", "--", "true")
    assert (ended.returncode, "this machine itself" in ended.stderr) == (2, True)
    box.inside.ip("route del default")
    ended = box.run("--", "true")
    assert (ended.returncode, "no default route" in ended.stderr) == (2, True)


def test_without_the_capability_nothing_is_touched(box: Box) -> None:
    before = box.state()
    bare = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    command = box.inside.command(*bare, PROGRAM, "container", "--", "echo", "begun")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == (
        "usernet: the interfaces of this network may not be changed: needs CAP_NET_ADMIN; "
        "grant it with: docker run --cap-add NET_ADMIN --cap-add NET_RAW\n"
    )
    assert box.state() == before


def test_what_ip_refuses_is_told_with_its_command(box: Box) -> None:
    before = box.state()
    box.inside.ip("link add usernet1 type veth peer name taken")
    ended = box.run("--quiet", "--", "true")
    assert ended.returncode == 2
    assert "ip link add usernet0 " in ended.stderr
    assert "File exists" in ended.stderr
    box.inside.ip("link del usernet1")
    assert box.state() == before
