"""An ideal network for tests of hosts and of the loop: no loss, one delay, and the fake core."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from usernet.engine.statistics import Statistics
from usernet.net.bridge import Bridge
from usernet.net.event_loop import EventLoop
from usernet.net.host import Host

from .fake_core import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator


class IdealNetwork:
    """Hosts on one wire, in the virtual time of the running loop."""

    def __init__(self, hosts: dict[str, list[str]], *, delay: float = 0.001) -> None:
        self.addresses = hosts
        self.engine = Engine(hosts, delay=round(delay * 1e9))
        self.bridge = Bridge(self.engine)
        self.hosts = [Host(self, name) for name in hosts]

    def addresses_of(self, name: str, family: int) -> list[str]:
        known = self.addresses.get(name, [])
        return [one for one in known if family == 0 or (":" in one) == (family == socket.AF_INET6)]

    def statistics(self) -> Statistics:
        return Statistics.from_core(self.engine.statistics())

    def name_of(self, address: str) -> str | None:
        return next((name for name, own in self.addresses.items() if address in own), None)


@contextmanager
def ideal(
    hosts: dict[str, list[str]] | None = None, *, delay: float = 0.001
) -> Iterator[IdealNetwork]:
    """A network of these hosts on the running loop; laptop and server if none are given."""
    known = hosts or {
        "laptop": ["10.0.0.1", "fd00::1"],
        "server": ["10.0.0.2", "fd00::2"],
    }
    network = IdealNetwork(known, delay=delay)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, EventLoop)
    loop.attach(network.engine, network.bridge)
    try:
        yield network
    finally:
        network.bridge.close()
        loop.detach(network.bridge)
