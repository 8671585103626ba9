"""Two hosts of an engine, in virtual or in real time, for the tests of their sockets."""

from __future__ import annotations

import random
import select
from typing import TYPE_CHECKING, cast

from usernet.config.address import parse_interface_address
from usernet.config.host import HostConfig, InterfaceConfig
from usernet.config.impairment import Impairment
from usernet.config.topology import Topology, parse_connection
from usernet.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet._core import Socket

MS = 1_000_000
SECOND = 1_000_000_000
PATIENCE = 20.0
CLIENT, SERVER = ("10.0.0.1", 0), ("10.0.0.2", 80)
BYTES = random.Random(7).randbytes(3_000_000)


def host(*addresses: str) -> HostConfig:
    read = tuple(parse_interface_address(one, "addresses") for one in addresses)
    return HostConfig((InterfaceConfig("eth0", read),))


def pair(delay: str | None = None) -> Topology:
    """Two hosts, on one wire or on a line with a delay."""
    topology = Topology().with_app("client", host("10.0.0.1/24", "fd00::1/64"))
    topology = topology.with_app("server", host("10.0.0.2/24", "fd00::2/64"))
    for one, other in (("client", "server"), ("server", "client")):
        if delay is None:
            links = [f"{one}.eth0 -> {other}.eth0"]
        else:
            topology = topology.with_app(f"to-{other}", Impairment(delay=delay))
            links = [f"{one}.eth0 -> to-{other}.rx", f"to-{other}.tx -> {other}.eth0"]
        for link in links:
            topology = topology.with_link(parse_connection(link))
    return topology


class Net:
    """An engine with two hosts, and a way to wait for what comes next."""

    def __init__(self, *, virtual: bool, delay: str | None = None) -> None:
        self.engine = Engine(seed=7, virtual=virtual)
        self.engine.configure(pair(delay))
        self.virtual = virtual

    def events(self) -> list[tuple[int, int]]:
        """The next events, waited for."""
        if self.virtual:
            assert self.engine.advance_to_event(self.engine.now() + 60 * SECOND)
        else:
            assert select.select([self.engine], [], [], PATIENCE)[0]
        return self.engine.drain()

    def until(self, done: Callable[[], object]) -> None:
        """Go on until something is so."""
        while not done():
            if self.virtual:
                self.engine.advance(self.engine.now() + MS)
            else:
                self.engine.wait(0.001)

    def connected(self) -> tuple[Socket, Socket]:
        """A connection: the client's end and the server's."""
        listener = self.engine.listen("server", SERVER)
        client = self.engine.connect("client", SERVER)
        self.until(lambda: "established" in self.sockets("server"))
        server = listener.accept()
        assert server is not None
        listener.close()
        self.engine.drain()
        return client, server

    def receive(self, socket: Socket, limit: int = 1 << 20) -> bytes:
        """What a socket receives next, waited for."""
        received: list[bytes] = []

        def is_there() -> bool:
            data = socket.receive(limit)
            received.extend(() if data is None else (data,))
            return bool(received)

        self.until(is_there)
        return received[0]

    def sockets(self, name: str) -> dict[str, int]:
        """How many sockets a host has, by their state."""
        return cast("dict[str, int]", self.engine.statistics().apps[name]["sockets"])
