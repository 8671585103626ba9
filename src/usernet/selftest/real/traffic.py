"""Traffic: numbered packets at a pace, through an emulator in real time."""

from __future__ import annotations

import select
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.config.apps import RawSocket
from usernet.config.topology import Topology, parse_connection
from usernet.engine.fidelity import fidelity
from usernet.net.network import Network
from usernet.selftest.real import stage
from usernet.selftest.real.wire import Sender, Stamps
from usernet.selftest.virtual import LINE

if TYPE_CHECKING:
    from collections.abc import Generator

    from usernet.config.impairment import Impairment

__all__ = ["Pace", "Passage", "forwarder", "through", "wait"]


@dataclass(frozen=True, slots=True)
class Pace:
    """What is sent.

    Attributes:
        packets: How many packets.
        per_second: How many a second.
        size: Bytes of each frame.
        linger: How many seconds to wait for the last ones.
    """

    packets: int
    per_second: float = 10_000.0
    size: int = 200
    linger: float = 0.2


@dataclass(frozen=True, slots=True)
class Passage:
    """When packets came to the emulator's input and left its output, by their numbers.

    Attributes:
        came: When they came to the input.
        went: When they came to the receiver behind the output.
        missed: How many the kernel dropped before the emulator or the stamps had them.
    """

    came: dict[int, int]
    went: dict[int, int]
    missed: int

    def delays(self) -> list[int]:
        """From in to out, in nanoseconds, of each packet that came out."""
        return [went - self.came[number] for number, went in self.went.items()]


def through(
    line: Impairment | None, pace: Pace, *, seed: int = 0, precise: bool = False
) -> Passage:
    """Send packets through an impairment in real time, or through an emulator without one."""
    with (
        Sender(stage.SENDER, pace.size) as sender,
        Stamps(stage.EMULATOR_IN) as came,
        Stamps(stage.RECEIVER) as went,
        forwarder(line, seed=seed, precise=precise) as network,
    ):
        _send(sender, pace, (came, went))
        _collect((came, went), pace.linger)
        missed = came.missed() + went.missed() + fidelity(network.statistics()).kernel_dropped
        return Passage(came.times, went.times, missed)


@contextmanager
def forwarder(
    line: Impairment | None, *, seed: int = 0, precise: bool = False
) -> Generator[Network, None, None]:
    """An emulator between the two interfaces of the stage, for as long as the block runs."""
    ends = {"in": RawSocket(stage.EMULATOR_IN), "out": RawSocket(stage.EMULATOR_OUT)}
    topology = Topology().with_app("in", ends["in"]).with_app("out", ends["out"])
    links = ["in.tx -> out.rx"]
    if line is not None:
        topology = topology.with_app(LINE, line)
        links = [f"in.tx -> {LINE}.rx", f"{LINE}.tx -> out.rx"]
    for link in links:
        topology = topology.with_link(parse_connection(link))
    network = Network(seed=seed, precise=precise)
    network.configure(topology)
    with network:
        yield network


def wait(seconds: float) -> None:
    """Let real time pass."""
    select.select([], [], [], max(seconds, 0.0))


def _send(sender: Sender, pace: Pace, stamps: tuple[Stamps, ...]) -> None:
    """Send each packet as it is due; look for what came meanwhile."""
    start = time.perf_counter()
    for number in range(pace.packets):
        wait(start + number / pace.per_second - time.perf_counter())
        sender.send(number)
        for one in stamps:
            one.collect()


def _collect(stamps: tuple[Stamps, ...], seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        wait(0.005)
        for one in stamps:
            one.collect()
