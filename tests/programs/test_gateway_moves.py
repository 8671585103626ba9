"""A gateway's peers move, restart and lose their line while they transfer, by wireguard-go."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import public_key
from usernet.sandbox import PROGRAM

from .far_network import CLIENT, MACHINE, OWN, PORT, REACHED, FarNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usernet.sandbox.command import Command

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(FarNetwork.why_not()), reason=str(FarNetwork.why_not())),
]
soak = pytest.mark.skipif(os.environ.get("USERNET_SOAK") != "1", reason="takes minutes: make soak")

TRANSFER = """
import random, socket, sys, threading
size = int(sys.argv[2])
data = random.Random(1).randbytes(1 << 20)
with socket.create_connection((sys.argv[1], 7), timeout=240) as echo:
    def send():
        for _ in range(size >> 20):
            echo.sendall(data)
        echo.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    came, wrong, told = 0, 0, False
    while piece := echo.recv(65536):
        at = came & 0xfffff
        expected = (data + data)[at : at + len(piece)]
        wrong += piece != expected
        came += len(piece)
        if not told and came > size // 4:
            print("a quarter", flush=True)
            told = True
print("came", came, "wrong", wrong, flush=True)
"""
DATAGRAM = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
    asked.settimeout(10)
    for size in map(int, sys.argv[2:]):
        data = bytes(size)
        asked.sendto(data, (sys.argv[1], 7))
        print(asked.recv(65536) == data)
"""
SIZE = 64 << 20


@pytest.fixture
def network(tmp_path: Path) -> Iterator[FarNetwork]:
    with FarNetwork(tmp_path) as made:
        yield made


def transfer(network: FarNetwork, size: int = SIZE) -> Command:
    """A transfer both ways that has come a quarter of its way."""
    words = (sys.executable, "-c", TRANSFER, REACHED[0], str(size))
    started = network.client.start(*words)
    started.wait_for("a quarter", timeout=60)
    return started


def arrives(started: Command, size: int = SIZE, timeout: float = 90) -> bool:
    """Whether all of it comes, as it was sent."""
    return f"came {size} wrong 0" in started.wait_for("came", timeout=timeout)


class TestDuringATransfer:
    def test_the_peers_address_changes(self, network: FarNetwork) -> None:
        gateway = network.gateway("--rate", "400mbit")
        network.connect()
        with transfer(network) as started:
            network.client.ip(
                f"address del {CLIENT[0]}/24 dev eth0", "address add 192.0.2.77/24 dev eth0"
            )
            assert "192.0.2.77:" in gateway.wait_for("has moved to", timeout=60)
            assert arrives(started)

    def test_the_peer_restarts(self, network: FarNetwork) -> None:
        network.gateway("--rate", "400mbit")
        peer = network.connect()
        with transfer(network) as started:
            peer.stop()
            network.connect()
            assert arrives(started)

    @soak
    @pytest.mark.timeout(400)
    def test_the_line_is_cut_for_a_minute(self, network: FarNetwork) -> None:
        network.gateway("--rate", "400mbit")
        network.connect()
        with transfer(network) as started:
            network.client.ip("link set eth0 down")
            threading.Event().wait(60)
            network.client.ip("link set eth0 up")
            assert arrives(started, timeout=180)

    @soak
    @pytest.mark.timeout(300)
    def test_keys_change_after_two_minutes_and_nothing_is_lost(self, network: FarNetwork) -> None:
        network.gateway()
        network.connect()
        words = network.client.command("ping", "-q", "-i0.2", "-c800", REACHED[0])
        first = network.client.run("ping", "-c1", REACHED[0])
        assert " 1 received" in first
        before = handshake(network)
        with network.client.start(*words[words.index("--") + 1 :]) as pinging:
            said = pinging.wait_for("packets transmitted", timeout=240)
        assert "800 received" in said
        assert handshake(network) >= before + 115


def handshake(network: FarNetwork) -> int:
    """When the client's last handshake was, in seconds."""
    said = network.client.run("wg", "show", network.interface, "latest-handshakes")
    return int(said.split()[-1])


@pytest.mark.parametrize("mtu", [1280, 1420, 9000])
def test_mtus(network: FarNetwork, mtu: int) -> None:
    network.write(f"MTU = {mtu}\n")
    network.gateway()
    network.connect(mtu=mtu)
    with transfer(network, 8 << 20) as started:
        assert arrives(started, 8 << 20)
    sizes = (str(one) for one in (1, mtu - 29, mtu - 28, mtu - 27, 20_000))
    said = network.client.run(sys.executable, "-c", DATAGRAM, REACHED[0], *sizes)
    assert said.split() == ["True"] * 5


class TestBothEndsOurs:
    @pytest.fixture
    def file(self, network: FarNetwork) -> Path:
        """The client's file."""
        file = network.folder / "client.conf"
        file.touch(0o600)
        file.write_text(
            f"[Interface]\nPrivateKey = {network.key.reveal()}\n"
            "Address = 10.8.0.2/32, fd08::2/128\n"
            f"[Peer]\nPublicKey = {public_key(network.server)}\nEndpoint = {MACHINE[0]}:{PORT}\n"
            "AllowedIPs = 10.0.0.0/8, fd08::/16, fd99::/16\n"
        )
        return file

    @pytest.mark.parametrize("address", REACHED)
    def test_a_program_in_a_tunnel_to_a_gateway(
        self, network: FarNetwork, file: Path, address: str
    ) -> None:
        network.gateway()
        run = (PROGRAM, "run", "--wireguard", str(file), sys.executable, "-c", TRANSFER, address)
        with network.client.start(*run, str(SIZE)) as started:
            assert arrives(started)

    def test_a_bad_line_on_both_sides(self, network: FarNetwork, file: Path) -> None:
        network.gateway("--loss", "1%", "--delay", "5ms")
        options = ("--wireguard", str(file), "--loss", "1%", "--reorder", "5%", "--delay", "5ms")
        words = (sys.executable, "-c", TRANSFER, REACHED[0], str(4 << 20))
        with network.client.start(PROGRAM, "run", *options, *words) as started:
            assert arrives(started, 4 << 20)

    def test_the_gateway_restarts(self, network: FarNetwork, file: Path) -> None:
        """Its sessions are gone, and the program's end finds out by itself."""
        gateway = network.gateway()
        words = (PROGRAM, "run", "--wireguard", str(file), "ping", "-i0.2", "-c600", OWN[0])
        with network.client.start(*words) as pinging:
            pinging.wait_for("icmp_seq=2 ")
            gateway.stop()
            again = network.gateway()
            again.wait_for("is here, from", timeout=60)
            pinging.stop(signal.SIGINT)


class TestHowItIsSeen:
    def test_wg_show_says_so_too(self, network: FarNetwork) -> None:
        network.gateway()
        network.connect()
        assert " 1 received" in network.client.run("ping", "-c1", REACHED[0])
        shown = network.client.run("wg", "show", network.interface)
        assert f"peer: {public_key(network.server)}" in shown
        assert re.search(r"latest handshake: (Now|\d+ seconds? ago)", shown)
