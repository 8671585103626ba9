"""Cookies under a flood of handshakes: ours for wireguard-go, and wireguard-go's for us."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import public_key
from usernet.tunnel.tunnel import Tunnel

from ..programs.far_network import MACHINE, OWN, PORT, FarNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet.config.keys import PublicKey
    from usernet.sandbox.namespace import Namespace

    from .private_network import PrivateNetwork

FLOOD = Path(__file__).with_name("flood.py")
OURS, THEIRS = 150, 600
"""So many at once are more than a device of ours answers without asking for a cookie (1,000 a
second, 100 at once), and fewer than it has cookies for (2,000 a second); and more than wireguard-go
lets wait (128), and fewer than it takes (1,024)."""
TURNS = 8
"""A busy machine may stop a flood for the second that a load is remembered: then a caller is
answered at once, and the next one counts."""

# What is in a capture, from the length of a UDP datagram on.
COOKIE = re.compile(rb"\x00\x48..\x03\0\0\0", re.DOTALL)
INITIATION_WITH_COOKIE = re.compile(rb"\x00\x9c..\x01\0\0\0.{128}(?!\0{16}).{16}", re.DOTALL)


@contextmanager
def flooded(namespace: Namespace, address: str, key: PublicKey, at_once: int) -> Iterator[None]:
    """Inside, whoever has this key is under load."""
    words = (sys.executable, str(FLOOD), address, str(PORT), key.hex(), str(at_once))
    with namespace.start(*words) as flood:
        flood.wait_for("cookie", timeout=60)
        yield


@pytest.mark.root
@pytest.mark.skipif(bool(FarNetwork.why_not()), reason=str(FarNetwork.why_not()))
def test_wireguard_go_brings_our_cookie_back(tmp_path: Path) -> None:
    with FarNetwork(tmp_path) as network:
        network.gateway()
        key = public_key(network.server)
        for _ in range(TURNS):
            with flooded(network.machine, MACHINE[0], key, OURS):
                client = network.connect()
                network.client.run("ping", "-c1", "-W60", OWN[0])
                if "Receiving cookie response" in client.stop().out:
                    return
    pytest.fail("wireguard-go was never asked for a cookie")


def test_we_bring_the_cookie_of_wireguard_go_back(
    private_network: PrivateNetwork, tmp_path: Path
) -> None:
    network = private_network

    async def met() -> bytes:
        """What the wire has of a tunnel that comes about."""
        wire = tmp_path / "wire.pcapng"
        async with Tunnel.from_file(network.file, pcap=wire) as tunnel:
            await tunnel.handshake(60)
        return wire.read_bytes()

    for _ in range(TURNS):
        flood = flooded(network.namespace, "127.0.0.1", network.public_key, THEIRS)
        with flood, network.entered():
            wire = asyncio.run(met())
        if asked := COOKIE.search(wire):
            assert INITIATION_WITH_COOKIE.search(wire, asked.end())
            return
    pytest.fail("we were never asked for a cookie")
