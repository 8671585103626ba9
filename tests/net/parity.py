"""The same programs on asyncio's own transports and on ours: what their protocols saw.

Each scenario runs once over the loopback of the operating system and once on a simulated network;
what is compared is what the protocols saw, in order, with pieces of data joined.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast

from usernet.net.network import Network
from usernet.net.simulate import simulate

from .ideal import ideal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

P = TypeVar("P", bound=asyncio.Protocol)
Trace: TypeAlias = "list[str]"
Scenario: TypeAlias = "Callable[[Pair], Awaitable[object]]"
Where: TypeAlias = "Callable[[Scenario, bool], object]"


class Recorder(asyncio.Protocol):
    """A protocol that writes down what it sees, and does what a scenario wants of it."""

    def __init__(self, *, keep_open: bool = False) -> None:
        self.trace: Trace = []
        self.data = bytearray()
        self.keep_open = keep_open
        self.transport: asyncio.Transport
        self.made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_data: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.trace.append("made")
        self.made.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self.trace[-1].startswith("data"):
            self.trace.append("data")
        self.data += data
        self.on_data(data)

    def eof_received(self) -> bool:
        self.trace.append("eof")
        self.ended.set_result(None)
        return self.keep_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.trace.append(f"lost {type(exc).__name__}")
        self.lost.set_result(None)

    def pause_writing(self) -> None:
        self.trace.append("pause_writing")

    def resume_writing(self) -> None:
        self.trace.append("resume_writing")


class Echoing(asyncio.Protocol):
    """Answers what it is told."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Asking(Echoing):
    """Asks, and waits for the answer."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.answered.set()

    async def ask(self) -> None:
        self.answered.clear()
        self.transport.write(b"?")
        await self.answered.wait()


class Pair:
    """Both ends of a connection, and another beside it."""

    def __init__(self, client: Recorder, server: Recorder, beside: Asking) -> None:
        self.client, self.server, self.beside = client, server, beside

    async def settle(self) -> None:
        """Wait until what was sent before has come, and what follows from it: questions and their
        answers on the same line have come after it."""
        for _ in range(4):
            await self.beside.ask()

    def traces(self) -> tuple[Trace, Trace]:
        return self.client.trace, self.server.trace


class Calls(Protocol):
    """What makes connections: a loop, or a host."""

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> asyncio.AbstractServer: ...
    async def create_connection(
        self, protocol_factory: Callable[[], P], host: str, port: int
    ) -> tuple[asyncio.Transport, P]: ...


@dataclass(frozen=True)
class Place:
    """Where a scenario is played: who connects, who listens, and on which address."""

    client: Calls
    server: Calls
    address: str


@asynccontextmanager
async def connected(place: Place, *, server_keeps: bool) -> AsyncIterator[Pair]:
    """A connection between the two ends of a place."""
    servers: list[Recorder] = []

    def accept() -> Recorder:
        servers.append(Recorder(keep_open=server_keeps))
        return servers[-1]

    listener = await place.server.create_server(accept, place.address, 0)
    echoing = await place.server.create_server(Echoing, place.address, 0)
    _, beside = await place.client.create_connection(Asking, place.address, port_of(echoing))
    _, client = await place.client.create_connection(Recorder, place.address, port_of(listener))
    while not servers:
        await beside.ask()
    await servers[0].made
    try:
        yield Pair(client, servers[0], beside)
    finally:
        for end in (client, servers[0]):
            if not end.lost.done():
                end.transport.abort()
        beside.transport.close()
        listener.close()
        echoing.close()
        await asyncio.gather(client.lost, servers[0].lost)
        await asyncio.sleep(0)


def port_of(server: asyncio.AbstractServer) -> int:
    port: int = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    return port


async def play(scenario: Scenario, place: Place, *, server_keeps: bool) -> object:
    async with connected(place, server_keeps=server_keeps) as pair:
        result = await scenario(pair)
    return result, pair.traces()


def on_the_system(scenario: Scenario, server_keeps: bool) -> object:
    """What happens on asyncio's own transports, over the loopback."""

    async def on_loopback() -> object:
        loop = cast("Calls", asyncio.get_running_loop())
        place = Place(loop, loop, "127.0.0.1")
        return await play(scenario, place, server_keeps=server_keeps)

    return asyncio.run(on_loopback())


def on_an_ideal_network(scenario: Scenario, server_keeps: bool) -> object:
    """What happens on ours, where the core's sockets are played by the tests' own."""

    async def on_fakes() -> object:
        with ideal() as network:
            client, server = network.hosts
            place = Place(client, server, "10.0.0.2")
            return await play(scenario, place, server_keeps=server_keeps)

    return simulate(on_fakes())


def in_virtual_time(scenario: Scenario, server_keeps: bool) -> object:
    """What happens on ours, on a simulated network."""
    return simulate(_on_a_network(scenario, server_keeps))


def in_real_time(scenario: Scenario, server_keeps: bool) -> object:
    """What happens on ours, on a network that runs by the clock."""
    return asyncio.run(_on_a_network(scenario, server_keeps))


OURS: list[Where] = [on_an_ideal_network, in_virtual_time, in_real_time]


async def _on_a_network(scenario: Scenario, server_keeps: bool) -> object:
    async with Network() as network:
        client = network.host("client", "10.0.0.1/24")
        server = network.host("server", "10.0.0.2/24")
        network.link(client, server, delay="100us")
        place = Place(client, server, "10.0.0.2")
        return await play(scenario, place, server_keeps=server_keeps)
