"""Lined: the graph of a tunnel that has a line below it, or is captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config.scenario import Scenario
from usernet.config.wireguard import UdpSocket, WireGuard
from usernet.net.network import Network
from usernet.tunnel.graph import DEVICE, NAME, check_real

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from usernet.config.socket_options import Congestion
    from usernet.config.wireguard import Peer, TunnelConfig
    from usernet.net.host import Host
    from usernet.net.network import Line
    from usernet.net.network_link import NetworkLink
    from usernet.net.wireguard_device import WireGuardDevice
    from usernet.wireguard.status import DeviceStatus

__all__ = ["LinedGraph", "seed_of"]


def seed_of(line: Line | None) -> int | None:
    """The seed that a line brings along, if it does."""
    return line.seed if isinstance(line, Scenario) else None


class LinedGraph:
    """The graph of a tunnel with a line, or a capture: `usernet.tunnel.graph.Graph`.

    Args:
        config: The tunnel.
        seed: What all randomness follows from.
        congestion: The congestion control of its TCP.
        line: What the line is like.
        pcap: A file for all packets, inside and outside.

    Attributes:
        host: The host behind the device.
        line: The line.
    """

    def __init__(
        self,
        config: TunnelConfig,
        seed: int,
        congestion: Congestion,
        line: Line | None,
        pcap: str | Path | None,
    ) -> None:
        self._config = config
        self._scenario = line
        self._is_captured = pcap is not None
        self._network = Network(seed=seed, pcap=pcap)
        addresses = (one.with_prefixlen for one in config.addresses)
        self.host: Host = self._network.host(NAME, *addresses, congestion=congestion)
        self.line: NetworkLink | None = None
        self._device: WireGuardDevice | None = None

    def enter(self, loop: asyncio.AbstractEventLoop, device: WireGuard) -> None:
        """As `Graph.enter`."""
        check_real(loop)
        network = self._network
        self._device = made = network.wireguard(DEVICE, device)
        if self._is_captured:
            network.link(self.host, made.inside, name="inside")
        else:
            network.wire(self.host, made.inside)
        udp = UdpSocket(self._config.listen_port or 0)
        self.line = network.link(made.outside, udp, self._scenario, name="outside")
        network.enter(loop)

    async def leave(self) -> None:
        """As `Graph.leave`."""
        await self._network.__aexit__(None, None, None)

    def configure(self, config: WireGuard) -> None:
        """As `Graph.configure`."""
        self._made.configure(config)

    def set_peer(self, peer: Peer) -> None:
        """As `Graph.set_peer`."""
        self._made.set_peer(peer)

    def status(self) -> DeviceStatus:
        """As `Graph.status`."""
        return self._made.status()

    @property
    def _made(self) -> WireGuardDevice:
        assert self._device is not None, "a tunnel asks for it only while it runs"
        return self._device
