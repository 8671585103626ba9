"""``usernet gateway`` is asked and changed by the real wg(8), and reads its files for SIGHUP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate, generate_preshared, public_key
from usernet.tunnel.uapi_socket import socket_path

from .far_network import CLIENT, OWN, PORT, FarNetwork, peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usernet.sandbox.command import Command

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(FarNetwork.why_not()), reason=str(FarNetwork.why_not())),
]

NAME = f"ug{os.getpid()}"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[FarNetwork]:
    with FarNetwork(tmp_path) as made:
        yield made
    socket_path(NAME).unlink(missing_ok=True)  # gateways that were not stopped are killed


def wg(*words: str, given: str | None = None) -> str:
    """What wg says; its errors too."""
    done = subprocess.run(
        ["wg", *words], input=given, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def shown(what: str) -> list[str]:
    return wg("show", NAME, what).split()


def each(what: str) -> dict[str, list[str]]:
    """What is shown of each peer."""
    lines = wg("show", NAME, what).splitlines()
    return {key: words for key, *words in map(str.split, lines)}


def answers(network: FarNetwork) -> bool:
    """Whether the gateway is reached through the tunnel."""
    words = network.client.command("ping", "-c1", "-W20", OWN[0])
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def without_addresses(network: FarNetwork) -> str:
    """The gateway's file as `wg-quick strip` prints it."""
    return re.sub(r"Address = .*\n", "", network.server_file.read_text())


def test_wg_shows_it(network: FarNetwork) -> None:
    psk = generate_preshared()
    network.write(psk=psk)
    gateway = network.gateway("--uapi", NAME)
    network.connect(psk=psk)
    assert answers(network)
    assert NAME in wg("show", "interfaces").split()
    assert shown("private-key") == [network.server.reveal()]
    assert shown("listen-port") == [str(PORT)]
    key = str(public_key(network.key))
    assert each("preshared-keys") == {key: [psk.reveal()]}
    assert each("allowed-ips") == {key: ["10.8.0.2/32", "fd08::2/128"]}
    (place,) = each("endpoints")[key]
    assert place.startswith(f"{CLIENT[0]}:")
    # A handshake, and an echo each way: 84 bytes, padded to 96, and 32 around them.
    assert min(map(int, each("transfer")[key])) >= 92 + 128
    assert int(each("latest-handshakes")[key][0]) > 1_700_000_000
    text = without_addresses(network)
    assert sorted(wg("showconf", NAME).split()) == sorted([*text.split(), "Endpoint", "=", place])
    gateway.stop()
    assert NAME not in wg("show", "interfaces").split()


def test_wg_sets_it(network: FarNetwork) -> None:
    network.write()
    text = network.server_file.read_text()
    network.server_file.write_text(text.partition("[Peer]")[0])
    gateway = network.gateway("--uapi", NAME, "--json")
    key = str(public_key(network.key))
    network.connect()
    assert wg("set", NAME, "peer", key, "allowed-ips", "10.8.0.2/32") == ""
    assert json.loads(gateway.wait_for('"event": "peers"'))["added"] == [key]
    assert answers(network)
    # Another peer takes the network, and the first has none.
    other = str(public_key(generate()))
    words = ("endpoint", "192.0.2.9:5", "persistent-keepalive", "25")
    assert wg("set", NAME, "peer", other, "allowed-ips", "10.8.0.2/32", *words) == ""
    assert each("allowed-ips") == {key: ["(none)"], other: ["10.8.0.2/32"]}
    assert each("persistent-keepalive") == {key: ["off"], other: ["25"]}
    assert wg("set", NAME, "peer", other, "remove") == ""
    assert shown("peers") == [key]
    # What cannot be changes nothing.
    assert "not supported" in wg("set", NAME, "fwmark", "7", "peer", other)
    assert "marks are for the machine" in gateway.wait_for('"warning"')
    assert shown("peers") == [key]
    assert shown("fwmark") == ["off"]


def test_a_peers_place_may_be_said_anew(network: FarNetwork) -> None:
    network.gateway("--uapi", NAME)
    key = str(public_key(network.key))
    for _ in range(2):  # the second time it has been heard from elsewhere
        assert wg("set", NAME, "peer", key, "endpoint", "192.0.2.99:9") == ""
        assert each("endpoints") == {key: ["192.0.2.99:9"]}
        client = network.connect()
        assert answers(network)
        assert each("endpoints")[key][0].startswith(f"{CLIENT[0]}:")
        client.stop()


def test_wg_syncconf_keeps_sessions_and_the_files_hold_when_they_are_read(
    network: FarNetwork,
) -> None:
    gateway = network.gateway("--uapi", NAME, "--json")
    key, other = str(public_key(network.key)), generate()
    network.connect()
    assert answers(network)
    received, _ = each("transfer")[key]
    text = without_addresses(network) + peer(other, 9)
    assert wg("syncconf", NAME, "/dev/stdin", given=text) == ""
    told = each("transfer")
    assert (int(told[key][0]) >= int(received), told[str(public_key(other))][0]) == (True, "0")
    assert answers(network)
    hang_up(gateway)
    assert json.loads(gateway.wait_for('"removed": ["'))["removed"] == [str(public_key(other))]
    assert shown("peers") == [key]
    assert answers(network)


def test_another_port_and_another_key(network: FarNetwork) -> None:
    gateway = network.gateway("--uapi", NAME, "--json")
    assert wg("set", NAME, "listen-port", "51999") == ""
    assert json.loads(gateway.wait_for('"device"'))["port"] == 51999
    assert shown("listen-port") == ["51999"]
    key = generate()
    assert wg("set", NAME, "private-key", "/dev/stdin", given=key.reveal()) == ""
    gateway.wait_for(str(public_key(key)))
    assert shown("public-key") == [str(public_key(key))]
    # The files have the first port and the first key.
    hang_up(gateway)
    gateway.wait_for(f'"device", "port": {PORT}')
    assert shown("listen-port") == [str(PORT)]
    network.connect()
    assert answers(network)


def test_it_reads_its_files_again_and_a_wrong_one_changes_nothing(network: FarNetwork) -> None:
    gateway = network.gateway("--json")
    hang_up(gateway)
    told = json.loads(gateway.wait_for('"event": "peers"'))
    assert (told["count"], told["added"], told["removed"]) == (1, [], [])
    network.server_file.write_text("[Interface]\n")
    assert "the peers stay as they are" in gateway.wait_for("no private key")
    network.connect()
    assert answers(network)
    assert gateway.stop().code == 0


def hang_up(gateway: Command) -> None:
    """Send SIGHUP, as `systemctl reload` may."""
    os.kill(gateway.pid, signal.SIGHUP)
