"""``usernet ping``, ``trace``, ``dig`` and ``status``, a real wireguard-go at the other end."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.tunnel.private_network import PrivateNetwork

from usernet.engine.keys import generate, public_key
from usernet.sandbox import PROGRAM
from usernet.tunnel.agent_client import AgentWay
from usernet.tunnel.choice import WayOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(PrivateNetwork.why_not()), reason=str(PrivateNetwork.why_not())),
]

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNetwork]:
    with PrivateNetwork(tmp_path_factory.mktemp("private")) as made:
        yield made


def ran(network: PrivateNetwork, *words: str, file: Path | None = None) -> Ended:
    verb, *rest = words
    tunnel = ("--wireguard", str(file or network.file), "--no-agent")
    command = network.namespace.command(PROGRAM, verb, *tunnel, *rest)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


class TestPing:
    @pytest.mark.parametrize("options", [("-4",), ("-6",)])
    def test_names_in_both_families(self, network: PrivateNetwork, options: tuple[str]) -> None:
        done = ran(network, "ping", "-c", "2", "-i", "100ms", *options, "db.internal")
        assert (done.returncode, done.stderr) == (0, "")
        assert "2 packets transmitted, 2 received, 0% packet loss" in done.stdout
        address = {"-4": "10.7.0.1", "-6": "fd07::1"}[options[0]]
        assert f"bytes from {address}: icmp_seq=2 ttl=64" in done.stdout

    def test_what_routers_say(self, private_network: PrivateNetwork) -> None:
        """On a network of its own: of one, Linux says five such errors, then one a second."""
        done = ran(private_network, "ping", "-c", "1", "10.8.0.1")
        assert done.returncode == 1
        assert "From 10.7.0.1 icmp_seq=1 Destination Host Unreachable" in done.stdout

    @pytest.mark.parametrize(("host", "code"), [("nobody.internal", 11), ("192.0.2.1", 13)])
    def test_what_cannot_be_sent(self, network: PrivateNetwork, host: str, code: int) -> None:
        done = ran(network, "ping", "-c", "1", host)
        assert (done.returncode, done.stderr.startswith(f"usernet: {host}: ")) == (code, True)

    def test_nobody_answers_with_a_wrong_key(self, network: PrivateNetwork) -> None:
        stranger = str(public_key(generate()))
        wrong = network.write(network.text(peer=stranger), "wrong.conf")
        done = ran(network, "ping", "-c", "1", "--timeout", "2s", "10.7.0.1", file=wrong)
        assert (done.returncode, stranger in done.stderr) == (10, True)


class TestTrace:
    def test_the_last_hop_is_the_host(self, network: PrivateNetwork) -> None:
        done = ran(network, "trace", "-q", "2", "db.internal", "-4")
        assert (done.returncode, done.stderr) == (0, "")
        head, hop = done.stdout.splitlines()
        assert head == "trace to db.internal (10.7.0.1), 30 hops at most"
        assert hop.startswith(" 1  10.7.0.1  ")

    @pytest.mark.parametrize("words", [("--udp",), ("--port", "7")], ids=["no port", "a server"])
    def test_by_datagrams(self, network: PrivateNetwork, words: tuple[str, ...]) -> None:
        for host in ("10.7.0.1", "fd07::1"):
            done = ran(network, "trace", *words, "-q", "2", host)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.splitlines()[-1].startswith(f" 1  {host}  ")

    def test_where_the_path_ends_elsewhere(self, private_network: PrivateNetwork) -> None:
        """On a network of its own: of one, Linux says five such errors, then one a second."""
        done = ran(private_network, "trace", "--json", "-q", "1", "-m", "3", "10.8.0.1")
        assert done.returncode == 1
        last = json.loads(done.stdout.splitlines()[-1])
        assert (last["answers"][0]["from"], last["answers"][0]["type"]) == ("10.7.0.1", 3)


class TestDig:
    def test_the_files_server(self, network: PrivateNetwork) -> None:
        done = ran(network, "dig", "db.internal")
        assert (done.returncode, done.stderr) == (0, "")
        assert ";; status: NOERROR" in done.stdout
        assert "db.internal. 60 IN A 10.7.0.1" in done.stdout

    @pytest.mark.parametrize(
        "words", [("db.internal", "AAAA"), ("@10.7.0.1", "db.internal", "aaaa")]
    )
    def test_a_type_and_a_server(self, network: PrivateNetwork, words: tuple[str, ...]) -> None:
        assert ran(network, "dig", "--short", *words).stdout == "fd07::1\n"

    def test_tcp(self, network: PrivateNetwork) -> None:
        told = json.loads(ran(network, "dig", "--json", "--tcp", "big.internal").stdout)
        assert told["protocol"] == "tcp"
        assert len(told["answers"]) > 50

    def test_no_such_name_is_an_answer(self, network: PrivateNetwork) -> None:
        done = ran(network, "dig", "nobody.internal")
        assert (done.returncode, ";; status: NXDOMAIN" in done.stdout) == (0, True)

    def test_a_server_that_is_silent(self, network: PrivateNetwork) -> None:
        done = ran(network, "dig", "--timeout", "1s", "@10.7.9.9", "db.internal")
        assert done.returncode in {13, 14}
        assert done.stderr.startswith("usernet: ")

    def test_a_file_without_servers(self, network: PrivateNetwork) -> None:
        text = "".join(
            line for line in network.text().splitlines(keepends=True) if "DNS" not in line
        )
        done = ran(network, "dig", "db.internal", file=network.write(text, "no-dns.conf"))
        assert (done.returncode, "names no DNS server" in done.stderr) == (2, True)


def test_status_shows_what_an_agent_holds(
    network: PrivateNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    ping = (PROGRAM, "ping", "--wireguard", str(network.file), "-c", "1", "10.7.0.1")
    assert "1 received" in network.namespace.run(*ping)
    shown = network.namespace.run(PROGRAM, "status")
    assert f"interface: {network.file}" in shown
    assert f"peer: {network.public_key}" in shown
    AgentWay(WayOptions((str(network.file),)), warn=print).stop()
    assert network.namespace.run(PROGRAM, "status", "--json").strip() == "[]"
