"""Flows that change under a TCP stream: no packet is lost, and nothing is left behind.

``USERNET_SOAK=1`` makes it 10 000 changes.
"""

from __future__ import annotations

import os
import random
import resource
from typing import TYPE_CHECKING

import pytest
from tests.net.streaming import CHUNK, Stream, check_nothing_lost, connected, ends

from usernet.config.impairment import Impairment
from usernet.config.link import Bottleneck, Flow, Link
from usernet.config.scenario import Scenario
from usernet.net.emulation import Emulation

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGES = 10_000 if os.environ.get("USERNET_SOAK") else 400
DELAY = "1ms"


@pytest.fixture
def emulation() -> Iterator[Emulation]:
    running = Emulation(Scenario(Link(Impairment(delay=DELAY), Impairment(delay=DELAY))), ends())
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
    stream.finish(engine)
    for _ in range(100):
        emulation.check()
        engine.wait(0.001)
    found = emulation.statistics()
    check_nothing_lost(found)
    assert set(found.impairments) == {"up", "down"}
    assert stream.received > 10 * len(CHUNK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 30_000  # KiB
    assert emulation.drops().count == 0
