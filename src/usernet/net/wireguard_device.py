"""WireGuardDevice: a tunnel's device in a network, as a user holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from usernet.engine.keys import public_key
from usernet.wireguard.status import DeviceStatus

if TYPE_CHECKING:
    from usernet.config.wireguard import WireGuard
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
