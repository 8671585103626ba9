"""Flows that change under a TCP stream: no packet is lost, and nothing is left behind.

``USERNET_SOAK=1`` makes it 10 000 changes.
"""

from __future__ import annotations

import os
import random
import resource
from typing import TYPE_CHECKING

import pytest

from usernet.config.address import parse_interface_address
from usernet.config.host import HostConfig, InterfaceConfig
from usernet.config.impairment import Impairment
from usernet.config.link import Bottleneck, Flow, Link
from usernet.config.scenario import Scenario
from usernet.net.emulation import Emulation, Ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet._core import Socket
    from usernet.engine import Engine

CHANGES = 10_000 if os.environ.get("USERNET_SOAK") else 400
CHUNK = random.Random(1).randbytes(1 << 16)
DELAY = "1ms"
HEADERS = 52
"""Bytes of IPv4's header, and of TCP's with timestamps."""


def host(address: str) -> HostConfig:
    return HostConfig((InterfaceConfig("eth0", (parse_interface_address(address, "addresses"),)),))


@pytest.fixture
def emulation() -> Iterator[Emulation]:
    ports = ("eth0", "eth0")
    ends = Ends(
        host("10.0.0.1/24"), host("10.0.0.2/24"), None, "ip", first_ports=ports, second_ports=ports
    )
    running = Emulation(Scenario(Link(Impairment(delay=DELAY), Impairment(delay=DELAY))), ends)
    try:
        yield running
    finally:
        running.stop()


def links(rounds: int) -> Iterator[Link]:
    """Links with flows that come, go, change places, share and are limited, from a seed."""
    chance = random.Random(7)
    plain = Impairment(delay=DELAY)
    for _ in range(rounds):
        flows: list[Flow] = []
        for name in chance.sample(["a", "b", "c", "d", "e"], chance.randrange(4)):
            filter = chance.choice(["remote port 80", "tcp", "udp", "len > 200", "net 10.0.0.0/8"])  # noqa: A001
            side = chance.choice([plain, Impairment(delay=DELAY, rate="2gbit", queue="100mb")])
            share = chance.choice(["", "", "link", "office"])
            flows.append(Flow(name, filter, side, side, share=share, weight=chance.randrange(1, 5)))
        own = chance.choice([plain, Impairment(delay=DELAY, rate="3gbit", queue="100mb")])
        office = Bottleneck("office", *[Impairment(rate="4gbit", queue="100mb")] * 2)
        yield Link(
            own, own, tuple(flows), (office,) if any(f.share == "office" for f in flows) else ()
        )


def connected(engine: Engine) -> tuple[Socket, Socket]:
    listener = engine.listen("second", ("10.0.0.2", 80))
    client = engine.connect("first", ("10.0.0.2", 80))
    while (server := listener.accept()) is None:
        engine.wait(0.001)
    return client, server


class Stream:
    """Bytes on their way, and whether they come as they went."""

    def __init__(self, client: Socket, server: Socket) -> None:
        self.client, self.server = client, server
        self.sent = self.received = 0

    def move(self) -> None:
        """Send what there is room for, and receive what is there."""
        at = self.sent % len(CHUNK)
        self.sent += self.client.send(CHUNK[at:])
        self.receive()

    def receive(self) -> None:
        while data := self.server.receive(1 << 20):
            at = self.received % len(CHUNK)
            whole = CHUNK * (len(data) // len(CHUNK) + 2)
            assert data == whole[at : at + len(data)]
            self.received += len(data)


def test_changes_under_a_stream_lose_nothing_and_leave_nothing(emulation: Emulation) -> None:
    engine = emulation._engine
    stream = Stream(*connected(engine))
    grown = 0
    for number, link in enumerate(links(CHANGES)):
        emulation.change(Scenario(link))
        stream.move()
        if number % 50 == 0:
            emulation.check()
        if number == CHANGES // 2:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    emulation.change(Scenario(Link()))
    while stream.received < stream.sent or stream.client.unacknowledged():
        engine.wait(0.001)
        stream.receive()
    for _ in range(100):
        emulation.check()
        engine.wait(0.001)
    found = emulation.statistics()
    first, second = (found.hosts[name].interfaces["eth0"] for name in ("first", "second"))
    # Each further packet that a super-packet was cut into has headers of its own.
    cut = second.packets_in - first.packets_out
    assert cut >= 0
    assert second.bytes_in - first.bytes_out == cut * HEADERS
    assert second.packets_out == first.packets_in
    assert found.packets_lent == found.packets_refused == 0
    assert set(found.impairments) == {"up", "down"}
    assert sum(one.dropped for one in found.links.values()) == 0
    assert stream.received > 10 * len(CHUNK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 30_000  # KiB
    assert emulation.drops().count == 0
