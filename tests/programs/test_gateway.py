"""``usernet gateway``: the other end of tunnels, with wireguard-go at the first."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from socket import inet_aton
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate, generate_preshared, public_key
from usernet.sandbox import PROGRAM

from .far_network import CLIENT, MACHINE, OWN, PORT, REACHED, FarNetwork, peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(FarNetwork.why_not()), reason=str(FarNetwork.why_not())),
]

ECHO = """
import hashlib, random, socket, sys, threading
data = random.Random(1).randbytes(int(sys.argv[2]))
with socket.create_connection((sys.argv[1], 7), timeout=60) as echo:
    def send():
        echo.sendall(data)
        echo.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    back = b"".join(iter(lambda: echo.recv(65536), b""))
print(back == data)
"""
DATAGRAM = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as asked:
    asked.settimeout(10)
    data = bytes(int(sys.argv[2]))
    asked.sendto(data, (sys.argv[1], 7))
    print(asked.recv(65536) == data)
"""
SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], 80)) as server:
    print("serving", flush=True)
    connection, caller = server.accept()
    connection.sendall(caller[0].encode())
    connection.close()
"""
CALL = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10) as called:
    print(called.recv(100).decode())
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[FarNetwork]:
    with FarNetwork(tmp_path) as made:
        yield made


def client(network: FarNetwork, program: str, *words: str) -> str:
    return network.client.run(sys.executable, "-c", program, *words).strip()


def replies(network: FarNetwork, to: str, *options: str) -> int:
    """How many echo requests of two are replied to."""
    words = network.client.command("ping", "-c2", "-i0.2", "-W3", *options, to)
    said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout
    found = re.search(r"(\d) received", said)
    assert found, said
    return int(found[1])


def fails(network: FarNetwork, *words: str) -> tuple[int, str]:
    """How a command of the client's ends, and what it says."""
    done = subprocess.run(
        network.client.command(*words), capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stderr


class TestWhatPeersReach:
    def test_connections_datagrams_and_echo_in_both_families(self, network: FarNetwork) -> None:
        network.gateway()
        network.connect()
        for address in REACHED:
            assert client(network, ECHO, address, "3000000") == "True"
            assert client(network, DATAGRAM, address, "1200") == "True"
            assert replies(network, address) == 2
        for own in OWN:
            assert replies(network, own) == 2

    def test_the_loopback_is_shut_unless_it_is_opened(self, network: FarNetwork) -> None:
        gateway = network.gateway()
        network.connect()
        url = f"http://{OWN[0]}:8000/"
        code, said = fails(network, "curl", "-sS", "-m10", url)
        assert code == 7, said
        gateway.stop()
        network.gateway("--loopback")
        assert network.client.run("curl", "-sS", "-m30", url) == "of the loopback"

    def test_nobody_is_there_at_once(self, network: FarNetwork) -> None:
        network.gateway()
        network.connect()
        code, said = fails(network, "curl", "-sS", "-m10", f"http://{REACHED[0]}:4/")
        assert (code, "refused" in said or "Could" in said) == (7, True)
        # What is in the tunnel's own network and no peer is nowhere.
        code, _ = fails(network, "curl", "-sS", "-m10", "http://10.8.0.77:4/")
        assert code == 7

    def test_names_at_its_own_address(self, network: FarNetwork) -> None:
        resolver = network.folder / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\n")
        names = network.machine.start(
            *("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--port=53"),
            *("--listen-address=127.0.0.1", "--bind-interfaces", "--log-facility=-"),
            "--address=/far.internal/10.99.0.1",
        )
        with names:
            names.wait_for("started")
            words = (PROGRAM, "gateway", "--wireguard", str(network.server_file))
            inner = f"mount --bind {resolver} /etc/resolv.conf && exec {' '.join(words)}"
            with network.machine.start("unshare", "--mount", "sh", "-c", inner) as gateway:
                gateway.wait_for("gateway at UDP port")
                network.connect()
                asked = client(network, ASK, OWN[0])
        assert asked == "10.99.0.1"


ASK = """
import socket, sys
question = b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3far\\10internal\\0\\0\\1\\0\\1"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
    asked.settimeout(10)
    asked.sendto(question, (sys.argv[1], 53))
    print(socket.inet_ntoa(asked.recv(512)[-4:]))
"""


class TestPeers:
    def test_they_come_and_go_with_their_files(self, network: FarNetwork) -> None:
        folder = network.folder / "peers"
        folder.mkdir()
        network.write()
        text = network.server_file.read_text()
        network.server_file.write_text(text.partition("[Peer]")[0])
        gateway = network.gateway("--peers", str(folder), "--json")
        network.connect()
        first = network.client.start("ping", "-c1", "-W20", OWN[0])
        key = str(public_key(network.key))
        assert json.loads(gateway.wait_for('"stranger"'))["public_key"] == key
        mine = folder / "laptop.conf"
        mine.write_text(peer(network.key, 2))
        told = json.loads(gateway.wait_for('"peers", "count": 1'))
        assert told["added"] == [key]
        with first:
            assert " 1 received" in first.wait(30).out
        assert client(network, ECHO, REACHED[0], "100000") == "True"
        here = json.loads(gateway.wait_for('"event": "peer"'))
        assert here["endpoint"].startswith(CLIENT[0])
        (folder / "other.conf").write_text("[Peer]\nAllowedIPs = 10.8.0.9/32\n")
        assert "the peers stay as they are" in gateway.wait_for("no PublicKey")
        (folder / "other.conf").write_text(peer(generate(), 2))
        assert "10.8.0.2/32 belongs to the peer of" in gateway.wait_for("belongs to")
        (folder / "other.conf").unlink()
        # The session of the peer that stays is the same.
        assert client(network, ECHO, REACHED[0], "100000") == "True"
        (folder / "phone.conf").write_text(peer(generate(), 3))
        mine.unlink()
        told = json.loads(gateway.wait_for('"removed": ["'))
        assert told["removed"] == [key]
        end = json.loads(gateway.stop().out.splitlines()[-1])
        assert [one["allowed_ips"] for one in end["device"]["peers"]] == [
            ["10.8.0.3/32", "fd08::3/128"]
        ]

    def test_a_preshared_key(self, network: FarNetwork) -> None:
        psk = generate_preshared()
        network.write(psk=psk)
        network.gateway()
        network.connect(psk=psk)
        assert replies(network, OWN[0]) == 2

    def test_a_wrong_key_gets_no_answer(self, network: FarNetwork) -> None:
        network.write(psk=generate_preshared())
        gateway = network.gateway("--json")
        network.connect()
        assert replies(network, OWN[0], "-W1") == 0
        end = json.loads(gateway.stop().out.splitlines()[-1])
        (told,) = end["device"]["peers"]
        assert told["latest_handshake_s"] is None

    def test_the_outside_may_be_ipv6(self, network: FarNetwork) -> None:
        network.gateway()
        network.connect(endpoint=MACHINE[1])
        assert client(network, ECHO, REACHED[0], "300000") == "True"

    def test_a_port_leads_to_a_peer_which_sees_the_gateway(self, network: FarNetwork) -> None:
        network.gateway("--publish", "0.0.0.0:8081:10.8.0.2:80")
        network.connect()
        assert replies(network, OWN[0]) == 2  # or nobody knows where the peer is
        with network.client.start(sys.executable, "-c", SERVER, "10.8.0.2") as server:
            server.wait_for("serving")
            called = network.machine.run(sys.executable, "-c", CALL, MACHINE[0], "8081")
        assert called.strip() == OWN[0]


class TestHowItRuns:
    def test_its_status_is_shown(
        self, network: FarNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        gateway = network.gateway()
        network.connect()
        assert replies(network, OWN[0]) == 2
        (told,) = json.loads(network.machine.run(PROGRAM, "status", "--json"))
        assert (told["name"], told["port"]) == (f"gateway {network.server_file}", PORT)
        (one,) = told["peers"]
        assert one["public_key"] == str(public_key(network.key))
        assert one["endpoint"].startswith(CLIENT[0])
        gateway.stop()
        assert network.machine.run(PROGRAM, "status", "--json").strip() == "[]"

    def test_the_line_is_what_peers_meet(self, network: FarNetwork) -> None:
        gateway = network.gateway("--rtt", "100ms")
        network.connect()
        said = network.client.run("ping", "-c3", "-i0.3", REACHED[0])
        times = [float(one) for one in re.findall(r"time=([\d.]+)", said)]
        assert len(times) == 3
        assert min(times) >= 100
        assert "up   " in gateway.stop().err

    def test_it_says_who_came_and_ends_cleanly(self, network: FarNetwork) -> None:
        gateway = network.gateway()
        network.connect()
        assert replies(network, OWN[0]) == 2
        here = gateway.wait_for("is here, from")
        assert str(public_key(network.key)) in here
        ended = gateway.stop()
        assert (ended.code, ended.out) == (0, "")
        assert network.server.reveal() not in ended.err

    def test_a_port_in_use_has_its_exit_code(self, network: FarNetwork) -> None:
        network.gateway()
        words = (PROGRAM, "gateway", "--wireguard", str(network.server_file))
        done = subprocess.run(
            network.machine.command(*words), capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, str(PORT) in done.stderr) == (16, True)

    def test_a_capture_has_the_wire_and_what_is_in_it(self, network: FarNetwork) -> None:
        out = network.folder / "out.pcapng"
        gateway = network.gateway("--pcap", str(out))
        network.connect()
        assert replies(network, REACHED[0]) == 2
        assert gateway.stop().code == 0
        written = out.read_bytes()
        assert all(name in written for name in (b"up", b"down", b"inside/up", b"inside/down"))
        for source, destination in ((CLIENT[0], MACHINE[0]), ("10.8.0.2", REACHED[0])):
            assert inet_aton(source) + inet_aton(destination) in written
