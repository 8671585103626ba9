"""TCP realism: the goodput of hosts under random loss, against the formulas of their algorithms."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.net.network import Network
from usernet.net.simulate import simulate
from usernet.selftest.check import Check, Effort, Finding, finding

if TYPE_CHECKING:
    from usernet.net.host import Host

__all__ = ["CHECKS", "LINES", "Line", "goodput", "window"]

_SEGMENT = 1448
"""Payload of a segment where the MTU is 1500 and timestamps are on."""
_LOSSES = 200
"""How many losses a measurement lasts."""
_SETTLED = 0.25
"""The share of it that is left out: slow start."""
_TOLERANCE = 0.15
_CHUNK = 1 << 16
_PORT = 5001


@dataclass(frozen=True, slots=True)
class Line:
    """What a connection meets.

    Attributes:
        congestion: Its algorithm.
        loss: The probability that a packet is lost.
        rtt: The round trip, in seconds.
    """

    congestion: Literal["reno", "cubic"]
    loss: float
    rtt: float

    def __str__(self) -> str:
        return f"{self.congestion}, {self.loss:.2%} loss, {self.rtt * 1e3:.0f} ms"


LINES = (
    Line("reno", 1e-2, 0.020),
    Line("reno", 1e-3, 0.100),
    Line("reno", 1e-4, 0.050),
    Line("cubic", 1e-3, 0.020),
    Line("cubic", 1e-3, 0.200),
)


def window(line: Line) -> float:
    """The mean window by the formulas, in segments.

    Reno's is that of Mathis, Semke, Mahdavi and Ott (1997, without delayed acknowledgements, which
    counting bytes makes good); CUBIC's that of RFC 9438 §5.1 with its C and beta, or Reno's where
    that is larger (§4.3).
    """
    reno = 1.22 / math.sqrt(line.loss)
    if line.congestion == "reno":
        return reno
    return max(reno, 1.054 * math.pow(line.rtt / line.loss, 0.75))


def goodput(line: Line, losses: int) -> float:
    """Segments a round trip that reach the program, in virtual time."""
    return simulate(_goodput(line, losses), seed=7)


async def _goodput(line: Line, losses: int) -> float:
    seconds = losses / line.loss / window(line) * line.rtt
    delay = f"{line.rtt * 500}ms"
    async with Network() as net:
        client, server = (
            net.host(name, f"10.0.0.{number}/24", congestion=line.congestion)
            for number, name in enumerate(("client", "server"), start=1)
        )
        up = Impairment(delay=delay, loss=f"{line.loss * 100}%")
        net.link(client, server, Link(up=up, down=Impairment(delay=delay)))
        return await _count(client, server, seconds) / _SEGMENT * line.rtt


async def _count(client: Host, server: Host, seconds: float) -> float:
    """Bytes a second that the server reads, once the client has settled."""
    counted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read_for(reader, seconds * _SETTLED)
        counted.set_result(await _read_for(reader, seconds))
        writer.transport.abort()

    await server.start_server(read, port=_PORT)
    _, writer = await client.open_connection("server", _PORT)
    with contextlib.suppress(ConnectionError):  # the reader ends it
        while not counted.done():
            writer.write(bytes(_CHUNK))
            await writer.drain()
    writer.transport.abort()
    return await counted / seconds


async def _read_for(reader: asyncio.StreamReader, seconds: float) -> int:
    """How many bytes come in this time."""
    loop = asyncio.get_running_loop()
    until, count = loop.time() + seconds, 0
    while loop.time() < until:
        count += len(await reader.read(_CHUNK))
    return count


def _realism(line: Line, effort: Effort) -> Finding:
    expected = window(line)
    measured = goodput(line, effort.packets(_LOSSES))
    error = measured / expected - 1
    said = f"{measured:.1f} segments a round trip, {expected:.1f} expected ({error:+.1%})"
    return finding(abs(error) <= _TOLERANCE, said, error)


CHECKS = tuple(
    Check("TCP realism", str(line), "± 15 % of the formula", "virtual", partial(_realism, line))
    for line in LINES
)
