"""``usernet run --wireguard``: programs in a private network behind a real wireguard-go."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.tunnel.private_network import PrivateNetwork

from usernet.engine.keys import generate, public_key
from usernet.sandbox import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(PrivateNetwork.why_not()), reason=str(PrivateNetwork.why_not())),
]

CONNECT = """
import socket, sys
for to in sys.argv[1:]:
    try:
        socket.create_connection((to, 7), timeout=20).close()
        print(0)
    except OSError as error:
        print(error.errno)
"""
WHOM = """
import socket, sys
with socket.create_connection((sys.argv[1], 9), timeout=20) as asked:
    print(asked.recv(100).decode().split()[0])
"""
ECHO = """
import random, socket, sys, threading
data = random.Random(1).randbytes(int(sys.argv[2]))
with socket.create_connection((sys.argv[1], 7), timeout=60) as echo:
    def send():
        echo.sendall(data)
        echo.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    print(b"".join(iter(lambda: echo.recv(65536), b"")) == data)
"""
SERVER = """
import socket
with socket.create_server(("", 80)) as server:
    print("serving", flush=True)
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(b"from inside")
    connection.close()
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNetwork]:
    with PrivateNetwork(tmp_path_factory.mktemp("private")) as made:
        yield made


def ran(
    network: PrivateNetwork, *words: str, file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = (PROGRAM, "run", "--wireguard", str(file or network.file), *words)
    return subprocess.run(
        network.namespace.command(*command),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def said(network: PrivateNetwork, *words: str, file: Path | None = None) -> str:
    done = ran(network, *words, file=file)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def program(network: PrivateNetwork, code: str, *words: str, file: Path | None = None) -> str:
    return said(network, sys.executable, "-c", code, *words, file=file).strip()


class TestWhatTheProgramMeets:
    def test_names_of_the_private_network(self, network: PrivateNetwork) -> None:
        page = said(network, "curl", "-sS", "-m20", "http://www.internal/x")
        assert page == "private /x www.internal\n"
        assert "fd07::1" in said(network, "getent", "hosts", "db")

    @pytest.mark.parametrize("address", ["10.7.0.1", "fd07::1"])
    def test_data_both_ways_in_both_families(self, network: PrivateNetwork, address: str) -> None:
        assert program(network, ECHO, address, "3000000") == "True"

    def test_it_has_the_tunnels_address(self, network: PrivateNetwork) -> None:
        assert program(network, WHOM, "10.7.0.1") == "10.7.0.2"
        assert program(network, WHOM, "fd07::1") == "fd07::2"

    def test_echo(self, network: PrivateNetwork) -> None:
        for address in ("10.7.0.1", "fd07::1"):
            assert " 1 received" in said(network, "ping", "-c1", "-W20", address)

    def test_what_no_peer_has_is_unreachable_at_once(self, network: PrivateNetwork) -> None:
        told = program(network, CONNECT, "192.0.2.1", "2001:db8::1", "10.7.0.1")
        assert list(map(int, told.split())) == [errno.ENETUNREACH, errno.ENETUNREACH, 0]

    def test_what_the_network_says_is_unreachable(self, network: PrivateNetwork) -> None:
        assert program(network, CONNECT, "10.8.0.1") == str(errno.EHOSTUNREACH)

    def test_the_mtu_is_the_tunnels(self, network: PrivateNetwork) -> None:
        assert "mtu 1420" in said(network, "ip", "link", "show", "usernet0")
        done = ran(network, "ping", "-c1", "-W1", "-Mdo", "-s1400", "10.7.0.1")
        assert "mtu=1420" in done.stdout + done.stderr


class TestWithOtherOptions:
    def test_the_line_is_below_the_tunnel(self, network: PrivateNetwork) -> None:
        done = said(network, "--rtt", "100ms", "ping", "-c2", "-i0.3", "-W20", "10.7.0.1")
        times = [float(one) for one in re.findall(r"time=([\d.]+)", done)]
        assert len(times) == 2
        assert min(times) >= 100

    def test_the_machines_loopback_is_beside_the_tunnel(self, network: PrivateNetwork) -> None:
        server = network.namespace.start(
            sys.executable, "-c", SERVER.replace('("", 80)', '("127.0.0.1", 8070)')
        )
        with server:
            server.wait_for("serving")
            code = CONNECT.replace("(to, 7)", '("host.usernet", 8070)')
            assert program(network, code, "once") == "0"
        shut = ran(network, "--no-host", sys.executable, "-c", code, "once")
        assert shut.stdout.strip() != "0"

    def test_a_published_port(self, network: PrivateNetwork) -> None:
        words = (PROGRAM, "run", "--wireguard", str(network.file), "--publish", "8071:80")
        inside = network.namespace.start(*words, sys.executable, "-uc", SERVER)
        with inside:
            inside.wait_for("serving")
            asked = network.namespace.run(
                "curl", "-sS", "--http0.9", "-m20", "http://127.0.0.1:8071"
            )
            assert asked == "from inside"
            assert inside.wait().code == 0

    def test_another_program_joins(self, network: PrivateNetwork) -> None:
        words = (PROGRAM, "run", "--wireguard", str(network.file), "--name", "un-private")
        first = network.namespace.start(*words, "sh", "-c", "echo here; exec sleep 100")
        with first:
            first.wait_for("here")
            join = (PROGRAM, "run", "--join", "un-private", sys.executable, "-c", WHOM, "10.7.0.1")
            assert network.namespace.run(*join).strip() == "10.7.0.2"
            first.stop()

    def test_events_and_a_report(self, network: PrivateNetwork, tmp_path: Path) -> None:
        events, report = tmp_path / "events.json", tmp_path / "report.html"
        options = ("--json", str(events), "--report", str(report))
        said(network, *options, "ping", "-c1", "-W20", "10.7.0.1")
        ready, end = map(json.loads, events.read_text().splitlines())
        assert (ready["event"], end["event"], end["code"]) == ("ready", "end", 0)
        assert end["impairments"]["up"]["packets_out"] > 0
        assert "<html" in report.read_text()

    def test_a_capture_has_the_wire_and_what_is_in_it(
        self, network: PrivateNetwork, tmp_path: Path
    ) -> None:
        out = tmp_path / "out.pcapng"
        said(network, "--pcap", str(out), "ping", "-c1", "-W20", "10.7.0.1")
        written = out.read_bytes()
        assert all(name in written for name in (b"up", b"down", b"inside/up", b"inside/down"))
        assert bytes([10, 7, 0, 2, 10, 7, 0, 1]) in written


def test_a_handshake_that_is_waited_for_is_there_when_the_program_starts(
    network: PrivateNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    done = ran(network, "--timeout", "60s", PROGRAM, "status", "--json")
    assert done.returncode == 0
    (told,) = json.loads(done.stdout)
    assert told["peers"][0]["latest_handshake_s"] is not None
    assert told["peers"][0]["persistent_keepalive_s"] is None


class TestWhileItRuns:
    def test_its_status_is_shown(
        self, network: PrivateNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        words = (PROGRAM, "run", "--wireguard", str(network.file), "ping", "10.7.0.1")
        with network.namespace.start(*words) as pinging:
            pinging.wait_for("icmp_seq=1 ")
            shown = network.namespace.run(PROGRAM, "status")
            (told,) = json.loads(network.namespace.run(PROGRAM, "status", "--json"))
            pinging.stop()
        assert "interface: run ping 10.7.0.1" in shown
        assert f"peer: {network.public_key}" in shown
        assert "latest handshake: " in shown
        assert told["peers"][0]["received_bytes"] > 0
        assert network.namespace.run(PROGRAM, "status", "--json").strip() == "[]"


class TestWhatIsWrong:
    def test_a_wrong_key_gets_no_answer_and_the_program_ends_as_it_does(
        self, network: PrivateNetwork
    ) -> None:
        stranger = str(public_key(generate()))
        wrong = network.write(network.text(peer=stranger), "wrong.conf")
        done = ran(network, "ping", "-c1", "-W9", "10.7.0.1", file=wrong)
        assert (done.returncode, "0 received" in done.stdout) == (1, True)
        assert f"warning: no handshake with the peer {stranger}" in done.stderr

    def test_who_waits_for_a_handshake_starts_nothing_without_one(
        self, network: PrivateNetwork
    ) -> None:
        stranger = str(public_key(generate()))
        wrong = network.write(network.text(peer=stranger), "never.conf")
        done = ran(network, "--timeout", "300ms", "echo", "started", file=wrong)
        assert (done.returncode, done.stdout) == (10, "")
        assert done.stderr.startswith(f"usernet: no handshake with the peer {stranger} at ")
        assert " within 0.3 s: " in done.stderr

    def test_files_that_are_wrong_are_said_before_anything_runs(
        self, network: PrivateNetwork
    ) -> None:
        wrong = network.write("[Interface]\nPrivateKey = abc\n", "bad.conf")
        done = ran(network, "true", file=wrong)
        assert done.returncode == 2
        assert done.stderr.startswith(f"usernet: {wrong}:2: PrivateKey: no key")

    def test_an_endpoint_that_nobody_knows(self, network: PrivateNetwork) -> None:
        text = network.text(endpoint="nobody.invalid:51820")
        done = ran(network, "true", file=network.write(text, "nobody.conf"))
        assert (done.returncode, "nobody.invalid" in done.stderr) == (11, True)

    def test_a_port_in_use(self, network: PrivateNetwork) -> None:
        text = network.text().replace("DNS =", "ListenPort = 51820\nDNS =")
        done = ran(network, "true", file=network.write(text, "port.conf"))
        assert (done.returncode, "51820" in done.stderr) == (16, True)
