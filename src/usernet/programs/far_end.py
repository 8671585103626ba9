"""The far end of tunnels, in userspace: peers reach what this machine reaches.

::

    udp socket ═══ line ═══ outside ─ wireguard ─ inside ─── part ─ gateway ─ the machine's sockets
                                                     └── between peers, if they may
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.config.apps import App, Gateway, Join, Split, Tee
from usernet.config.destination import to_subnets
from usernet.config.topology import Connection
from usernet.config.wireguard import DEFAULT_MTU, UdpSocket, WireGuard
from usernet.net.emulation import Beyond, Ends
from usernet.net.line import CAPTURE
from usernet.programs.outside import at_dns
from usernet.sandbox.addresses import HOST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usernet.config.apps import Program, Publish
    from usernet.config.wireguard import TunnelConfig
    from usernet.sandbox.resolver import Resolver

__all__ = ["DEVICE", "GATEWAY", "SOCKET", "FarEnd"]

SOCKET, DEVICE, GATEWAY = "first", "second", "gateway"
"""What they are called in the graph: the UDP socket, the device and the gateway."""
_PART, _BACK = "peers/part", "peers/back"
_SEEN = ("inside/up", "inside/down")
"""What a capture calls the peers' own packets."""
_DNS = 53
_LOOPBACK = {4: ("127.0.0.1", "::1"), 6: ("::1", "127.0.0.1")}
"""Of each family, and where a server is that does not listen there."""


@dataclass(frozen=True, slots=True)
class FarEnd:
    """What peers reach, and how.

    Attributes:
        config: The tunnels, whose endpoints are numeric.
        resolver: How the machine asks for names; peers ask the gateway's own address.
        publish: Ports of the machine that lead to peers.
        loopback: Whether the gateway's own address leads to the machine's loopback.
        between_peers: Whether peers reach each other.
        workers: How many threads seal and open packets beside the engine's own.
    """

    config: TunnelConfig
    resolver: Resolver
    publish: tuple[Publish, ...] = ()
    loopback: bool = False
    between_peers: bool = False
    workers: int = 0

    def ends(self, port: int, capture: Path | None) -> Ends:
        """What the line joins: up is what peers send."""
        config = self.config
        device = WireGuard(
            config.private_key, config.peers, self._mtu, port, lookup=True, workers=self.workers
        )
        return Ends(
            UdpSocket(port),
            device,
            capture,
            medium="ip",
            second_ports=("outside", "outside"),
            beyond=self._beyond(is_captured=capture is not None),
        )

    @property
    def _mtu(self) -> int:
        return self.config.mtu or DEFAULT_MTU

    def _gateway(self) -> Gateway:
        own = self.config.addresses
        loopback = dict(self._second_tries()) if self.loopback else {}
        return Gateway(
            addresses=tuple(map(str, own)),
            mtu=self._mtu,
            redirects=dict(self._redirects()),
            otherwise=loopback,
            names={HOST_NAME: tuple(str(one.ip) for one in own)} if self.loopback else {},
            publish=self.publish,
            masquerade=True,
        )

    def _redirects(self) -> Iterator[tuple[str, str]]:
        for one in self.config.addresses:
            asked = f"[{one.ip}]:{_DNS}" if ":" in str(one.ip) else f"{one.ip}:{_DNS}"
            yield asked, at_dns(self.resolver.servers[0])
            if self.loopback:
                yield str(one.ip), _LOOPBACK[one.version][0]

    def _second_tries(self) -> Iterator[tuple[str, str]]:
        for one in self.config.addresses:
            yield str(one.ip), _LOOPBACK[one.version][1]

    def _to_peers(self) -> Program:
        """Which packets go from one peer to another."""
        subnets = (one for peer in self.config.peers for one in peer.allowed_ips)
        return to_subnets(tuple(subnets) if self.between_peers else ())

    def _beyond(self, *, is_captured: bool) -> Beyond:
        apps: dict[str, App] = {
            GATEWAY: self._gateway(),
            _PART: Split((self._to_peers(),)),
            _BACK: Join(),
        }
        links = [
            Connection(_PART, "0", _BACK, "0"),
            Connection(_PART, "rest", GATEWAY, "rx"),
            Connection(GATEWAY, "tx", _BACK, "1"),
        ]
        ways = (((DEVICE, "inside"), (_PART, "rx")), ((_BACK, "tx"), (DEVICE, "inside")))
        if not is_captured:
            links += [Connection(*one, *other) for one, other in ways]
            return Beyond(apps, frozenset(links))
        for name, (one, other) in zip(_SEEN, ways, strict=True):
            apps[name] = Tee()
            links += [
                Connection(*one, name, "rx"),
                Connection(name, "tx", *other),
                Connection(name, "copy", CAPTURE, name),
            ]
        return Beyond(apps, frozenset(links), _SEEN)
