"""WireGuardDevice: a tunnel's device in a network, as a user holds it."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from usernet.engine.keys import public_key
from usernet.net.bridge import READABLE
from usernet.wireguard.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.config.keys import PublicKey
    from usernet.config.wireguard import Peer, WireGuard
    from usernet.engine.tunnel import TunnelPeers
    from usernet.net.network import Network

__all__ = ["DeviceEnd", "WireGuardDevice"]


@dataclass(frozen=True, slots=True)
class DeviceEnd:
    """One side of a device, for `Network.link`.

    Attributes:
        device: The device.
        side: ``inside`` or ``outside``.
    """

    device: WireGuardDevice
    side: str

    @property
    def name(self) -> str:
        """Its name: ``wg0.inside``."""
        return f"{self.device.name}.{self.side}"


class WireGuardDevice:
    """A WireGuard device; `Network.wireguard` makes it.

    Attributes:
        name: Its name.
        inside: Where the packets of the private network are.
        outside: Where the encrypted packets are that carry them: link it to another device's
            outside, or to a `UdpSocket`.
    """

    def __init__(self, network: Network, name: str) -> None:
        self.network: Network = network
        self.name: str = name
        self.inside: DeviceEnd = DeviceEnd(self, "inside")
        self.outside: DeviceEnd = DeviceEnd(self, "outside")

    @property
    def config(self) -> WireGuard:
        """What it is now."""
        return cast("WireGuard", self.network.topology.apps[self.name])

    def configure(self, config: WireGuard) -> None:
        """Make it something else; with the same private key, peers that stay keep their sessions.

        Raises:
            ConfigError: It cannot be.
        """
        self.network.app(self.name, config)

    def set_peer(self, peer: Peer) -> None:
        """Add a peer, or say something else of one, beside the config and whatever that says.

        However many peers there are, this costs the same.

        Raises:
            ConfigError: It cannot be, or the network does not run.
        """
        self.network.engine.tunnel(self.name).set(peer)

    def remove_peer(self, peer: PublicKey) -> bool:
        """Forget a peer and all keys shared with it; whether there was one.

        Raises:
            ConfigError: The network does not run.
        """
        return self.network.engine.tunnel(self.name).remove(peer)

    def answer_strangers(self, find: Callable[[PublicKey], Peer | None]) -> None:
        """Ask who somebody is that calls and is no peer, and answer the call of whom `find` knows.

        It is called in the loop that the network runs in, once for each call. A call waits for 5 s:
        who has to look elsewhere returns None, and tells with `set_peer` by then.

        Args:
            find: Says who has this key; None is nobody, or nobody who is known yet.

        Raises:
            ConfigError: The network does not run.
        """
        if not self.config.lookup:
            self.configure(replace(self.config, lookup=True))
        peers = self.network.engine.tunnel(self.name)
        answer = partial(_answer, peers, find)
        self.network.bridge.watch(peers.key, copy_context(), answer)
        answer(READABLE)

    def status(self) -> DeviceStatus:
        """What it is doing.

        Raises:
            EngineError: The network does not run.
        """
        now = self.network.statistics()
        config = self.config
        own = public_key(config.private_key)
        return DeviceStatus.from_core(
            self.name, own, now.apps[self.name], now.time_ns, self._port(now.apps) or config.port
        )

    def _port(self, apps: object) -> int:
        """The port that its packets really leave from: that of the socket behind it."""
        sockets = [
            cast("int", counters.get("port", 0))
            for counters in cast("dict[str, dict[str, object]]", apps).values()
            if counters["kind"] == "udp_socket"
        ]
        return sockets[0] if len(sockets) == 1 else 0

    def __repr__(self) -> str:
        return f"<WireGuardDevice {self.name}>"


def _answer(peers: TunnelPeers, find: Callable[[PublicKey], Peer | None], flags: int) -> None:
    """Find out who has called."""
    for stranger in peers.strangers() if flags & READABLE else ():
        peer = find(stranger)
        if peer is not None:
            peers.set(peer)
