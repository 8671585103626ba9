"""Graph: what a tunnel is made of, as little of it as there is need for.

::

    Host "tunnel" ─ wireguard ─ udp sockets of the machine

A plain one is put together here: a command that needs a tunnel at once must not wait for what
plans whole networks to be imported. One with a line, or a capture, is a `Network`
(`usernet.tunnel.lined`).
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Protocol

from usernet.config.host import HostConfig, InterfaceConfig, Route
from usernet.config.socket_options import SocketOptions
from usernet.config.topology import Connection, Topology
from usernet.config.wireguard import DEFAULT_MTU, UdpSocket, WireGuard
from usernet.engine.engine import Engine
from usernet.engine.keys import public_key
from usernet.errors import EngineError, EscapeError
from usernet.net.address import family_of, is_numeric
from usernet.net.bridge import Bridge
from usernet.net.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from usernet.config.address import Subnet
    from usernet.config.apps import App
    from usernet.config.socket_options import Congestion
    from usernet.config.wireguard import Peer, TunnelConfig
    from usernet.engine.statistics import Statistics
    from usernet.net.network_link import NetworkLink
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Graph", "PlainGraph", "check_real", "device_of"]

NAME, DEVICE, SOCKET, INTERFACE = "tunnel", "wireguard", "udp", "eth0"


class Graph(Protocol):
    """The graph of a tunnel."""

    @property
    def host(self) -> Host:
        """The host behind the device."""
        ...

    @property
    def line(self) -> NetworkLink | None:
        """The line below the tunnel, if there is one."""
        ...

    def enter(self, loop: asyncio.AbstractEventLoop, device: WireGuard) -> None:
        """Run with this device, by the clock of a loop in real time."""
        ...

    async def leave(self) -> None:
        """Stop. Safe to call twice."""
        ...

    def configure(self, config: WireGuard) -> None:
        """Make the device something else; with the same private key, peers keep their sessions.

        What leads into the tunnel follows from the networks of its peers.
        """
        ...

    def set_peer(self, peer: Peer) -> None:
        """Say something else of a peer: where it is, wherever it was last heard."""
        ...

    def status(self) -> DeviceStatus:
        """What the device is doing."""
        ...


def device_of(config: TunnelConfig, workers: int = 0) -> WireGuard:
    """The device of a tunnel, with endpoints that may be names."""
    mtu, port = config.mtu or DEFAULT_MTU, config.listen_port or 0
    return WireGuard(config.private_key, config.peers, mtu, port, workers=workers)


class PlainGraph:
    """The graph of a tunnel with nothing between the device and the machine's sockets.

    Args:
        config: The tunnel.
        seed: What the host's ports and numbers follow from.
        congestion: The congestion control of its TCP.

    Attributes:
        host: The host behind the device.
        line: None: there is no line.
    """

    line: NetworkLink | None = None

    def __init__(self, config: TunnelConfig, seed: int, congestion: Congestion) -> None:
        self.host: Host = Host(self, NAME)
        self._config = config
        self._own = public_key(config.private_key)
        self._seed = seed
        self._congestion: Congestion = congestion
        self._networks = _networks(config.peers)
        self._engine: Engine | None = None
        self._bridge: Bridge | None = None

    # ---- what a graph does ----

    def enter(self, loop: asyncio.AbstractEventLoop, device: WireGuard) -> None:
        """As `Graph.enter`."""
        check_real(loop)
        apps: dict[str, App] = {
            NAME: self._host_config(),
            DEVICE: device,
            SOCKET: UdpSocket(self._config.listen_port or 0),
        }
        engine = Engine(seed=self._seed)
        try:
            engine.configure(Topology(apps, frozenset(_links())))
        except BaseException:
            engine.stop()
            raise
        self._engine, self._bridge = engine, Bridge(engine)
        self._bridge.attach(loop)

    async def leave(self) -> None:
        """As `Graph.leave`."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        try:
            self.bridge.close()
            await asyncio.sleep(0)  # protocols hear of it while their sockets are there
        finally:
            engine.stop()

    def configure(self, config: WireGuard) -> None:
        """As `Graph.configure`."""
        topology = self.engine.topology.with_app(DEVICE, config)
        before, self._networks = self._networks, _networks(config.peers)
        if before != self._networks:
            topology = topology.with_app(NAME, self._host_config())
        try:
            self.engine.configure(topology)
        except BaseException:
            self._networks = before
            raise

    def _host_config(self) -> HostConfig:
        """A host whose one interface leads to all that the peers have."""
        config = self._config
        interface = InterfaceConfig(INTERFACE, config.addresses, config.mtu or DEFAULT_MTU)
        connected = {one.network for one in config.addresses}
        routes = tuple(Route(one, INTERFACE) for one in self._networks if one not in connected)
        options = SocketOptions(congestion=self._congestion)
        return HostConfig((interface,), routes, options=options)

    def set_peer(self, peer: Peer) -> None:
        """As `Graph.set_peer`."""
        self.engine.tunnel(DEVICE).set(peer)

    def status(self) -> DeviceStatus:
        """As `Graph.status`."""
        from usernet.wireguard.status import DeviceStatus  # noqa: PLC0415 - start-up time

        now = self.statistics()
        port = now.apps[SOCKET].get("port")
        return DeviceStatus.from_core(
            NAME, self._own, now.apps[DEVICE], now.time_ns, port if isinstance(port, int) else 0
        )

    # ---- what a host needs of its network ----

    @property
    def engine(self) -> Engine:
        """What runs it.

        Raises:
            EngineError: Nothing does.
        """
        if self._engine is None:
            raise EngineError("the tunnel does not run")
        return self._engine

    @property
    def bridge(self) -> Bridge:
        """What takes events to sockets; of a tunnel that has stopped, the last.

        Raises:
            EngineError: Nothing runs yet.
        """
        if self._bridge is None:
            raise EngineError("the tunnel does not run")
        return self._bridge

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath."""
        return self.engine.statistics()

    def addresses_of(self, name: str, family: int = 0) -> Sequence[str]:
        """The host's own addresses, or the numeric address itself; no other name is known here."""
        if name.lower() == NAME:
            found = [str(one.ip) for one in self._config.addresses]
        else:
            found = [name] if is_numeric(name) else []
        return [one for one in found if family in (0, family_of(one))]

    def name_of(self, address: str) -> str | None:
        """The host's name, of its own addresses."""
        return NAME if address in self.addresses_of(NAME) else None


def check_real(loop: asyncio.AbstractEventLoop) -> None:
    """See to it that a loop runs in real time, as the peers do.

    Raises:
        EscapeError: It does not.
    """
    virtual = sys.modules.get("usernet.net.timed_loop")
    if virtual is not None and isinstance(loop, virtual.TimedLoop):
        raise EscapeError(
            "a tunnel's peers are outside, where time is real:"
            " between simulated hosts there are Network.wireguard(…) and its links"
        )


def _networks(peers: Iterable[Peer]) -> tuple[Subnet, ...]:
    """All that is behind peers."""
    return tuple(dict.fromkeys(one for peer in peers for one in peer.allowed_ips))


def _links() -> Iterator[Connection]:
    for one, port, other, there in (
        (NAME, INTERFACE, DEVICE, "inside"),
        (DEVICE, "inside", NAME, INTERFACE),
        (DEVICE, "outside", SOCKET, "rx"),
        (SOCKET, "tx", DEVICE, "outside"),
    ):
        yield Connection(one, port, other, there)
