"""The private network of the tests is what it says."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .private_network import PrivateNetwork


def test_its_servers_are_there(private_network: PrivateNetwork) -> None:
    with private_network.entered():
        for address in ("10.7.0.1", "fd07::1"):
            with socket.create_connection((address, 7)) as echo:
                echo.sendall(b"hi")
                assert echo.recv(2) == b"hi"
    inside = private_network.namespace.run
    assert inside("curl", "-s", "http://10.7.0.1/page") == "private /page 10.7.0.1\n"
    names = inside("dig", "+short", "@10.7.0.1", "www.internal")
    assert names.splitlines() == ["db.internal.", "10.7.0.1"]
    assert " tc " in inside("dig", "@10.7.0.1", "big.internal", "+ignore", "+noedns")
    assert str(private_network.public_key) in inside("wg", "show")


def test_the_peer_can_be_started_again(private_network: PrivateNetwork) -> None:
    private_network.stop_peer()
    private_network.start_peer()
    assert "10.7.0.1" in private_network.namespace.run("ip", "address", "show")
