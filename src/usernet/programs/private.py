"""Private: the network of a program is a tunnel's; the machine is seen through a gateway beside it.

::

    program ─ tun ─ part ── inside ─ wireguard ─ outside ═══ line ═══ udp socket
                       └─── gateway: host.usernet, published ports, the machine's name servers
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Self, cast

from usernet.config.address import LEAST_MTU_IPV6
from usernet.config.apps import App, Gateway, Join, Split, Tee
from usernet.config.destination import to_subnets
from usernet.config.host import Route
from usernet.config.topology import Connection
from usernet.config.wireguard import DEFAULT_MTU, UdpSocket, WireGuard
from usernet.engine.keys import public_key
from usernet.errors import ConfigError
from usernet.net.emulation import Beyond, Ends
from usernet.net.line import CAPTURE
from usernet.programs.outside import at_dns, how_many
from usernet.report import amount
from usernet.report.connections import Connections
from usernet.sandbox.addresses import DNS_SERVERS, GATEWAY, INTERFACE, MACHINE, PROGRAM
from usernet.sandbox.network import Plan
from usernet.sandbox.resolver import hosts_inside
from usernet.wireguard.endpoints import numeric
from usernet.wireguard.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from usernet.config.address import Address, InterfaceAddress, Subnet
    from usernet.config.apps import Tun
    from usernet.config.wireguard import Peer, TunnelConfig
    from usernet.engine import Statistics
    from usernet.net.emulation import Emulation
    from usernet.programs.outside import Outside

__all__ = ["Private"]

_PROGRAM, _GATEWAY, _PART, _BACK = "program", "gateway", "program/part", "program/back"
_SEEN = ("inside/up", "inside/down")
"""What a capture calls the program's own packets."""
_ONE = {4: 32, 6: 128}
_DNS = 53


@dataclass(frozen=True, slots=True)
class Private:
    """A program's network that is a tunnel's.

    Attributes:
        named: The tunnel, as its file has it.
        config: The same with endpoints that are numeric.
        outside: This machine, as a program sees it.
        mtu: Of the program's interface, in bytes.
    """

    named: TunnelConfig
    config: TunnelConfig
    outside: Outside
    mtu: int
    gateway_app: str = _GATEWAY

    @classmethod
    def of(cls, config: TunnelConfig, outside: Outside, mtu: int | None) -> Self:
        """Of a file that was read.

        Args:
            config: What it says.
            outside: This machine.
            mtu: What the program's interface sends at most; as the file says where None.

        Raises:
            ConfigError: IPv6 does not fit through.
            UnknownNameError: The machine does not know where a peer is.
        """
        wanted = mtu or config.mtu or DEFAULT_MTU
        if wanted < LEAST_MTU_IPV6 and any(one.version == 6 for one in config.addresses):  # noqa: PLR2004
            allowed = f"{LEAST_MTU_IPV6} or more (RFC 8200), or no IPv6 address"
            raise ConfigError("too small for IPv6", path="MTU", value=wanted, allowed=allowed)
        return cls(config, numeric(config), outside, wanted)

    def plan(self) -> Plan:
        """What the network is like inside.

        Every address is alone in its subnet: what leads into the tunnel are the allowed IPs.
        """
        own = tuple(ip_interface(f"{one.ip}/{_ONE[one.version]}") for one in self.config.addresses)
        addresses: tuple[InterfaceAddress, ...] = (*own, PROGRAM[0])
        versions = {one.version for one in own}
        routes = tuple(
            Route(subnet, INTERFACE) for subnet in self._reached if subnet.version in versions
        )
        hosts = hosts_inside(self.outside.hosts, with_machine=self.outside.with_machine)
        return Plan(self._resolver(), hosts, self.mtu, addresses, routes)

    def ends(self, tun: Tun, capture: Path | None) -> Ends:
        """What the line joins: the tunnel's packets, and the machine's sockets."""
        config = self.config
        return Ends(
            self.device(config.peers),
            UdpSocket(config.listen_port or 0),
            capture,
            medium="ip",
            first_ports=("outside", "outside"),
            beyond=self._beyond(tun, is_captured=capture is not None),
        )

    def device(self, peers: tuple[Peer, ...]) -> WireGuard:
        """The tunnel's device, with peers that may have moved."""
        config = self.config
        return WireGuard(config.private_key, peers, self.mtu, config.listen_port or 0)

    @staticmethod
    def connections(emulation: Emulation) -> Connections:
        """What the gateway wrote down: what goes through the tunnel is not known as connections."""
        return Connections.from_core(emulation.series(_GATEWAY))

    @staticmethod
    def told(statistics: Statistics, connections: Connections) -> tuple[str, ...]:
        """What a person is told at the end."""
        peers = cast("Sequence[Mapping[str, int]]", statistics.apps["first"].get("peers", ()))
        sent, received = (sum(one.get(what, 0) for one in peers) for what in ("sent", "received"))
        lines = [f"tunnel: {amount.size(sent)} sent, {amount.size(received)} received"]
        if not any(one.get("latest_handshake") for one in peers):
            lines.append("tunnel: no peer has answered: are keys and endpoints right?")
        if connections.listed:
            lines.append(f"{how_many(connections)}, to this machine")
        return tuple(lines)

    def status(self, statistics: Statistics, name: str) -> DeviceStatus:
        """What the tunnel is doing.

        Args:
            statistics: As of now.
            name: What the tunnel is called.
        """
        key, device = public_key(self.config.private_key), statistics.apps["first"]
        port = cast("int", statistics.apps["second"].get("port", 0))
        return DeviceStatus.from_core(name, key, device, statistics.time_ns, port)

    @property
    def _reached(self) -> tuple[Subnet, ...]:
        """What is in the tunnel."""
        return tuple(dict.fromkeys(one for peer in self.config.peers for one in peer.allowed_ips))

    def _resolver(self) -> str:
        """What /etc/resolv.conf says: the file's servers, or the machine's where it has none."""
        if not self.config.dns:
            return self.outside.resolver.inside()
        search = " ".join(self.config.search)
        lines = [f"search {search}"] if search else []
        lines += [f"nameserver {seen}" for seen, _ in self._servers()]
        return "".join(f"{line}\n" for line in lines)

    def _servers(self) -> Iterator[tuple[str, Address]]:
        """What each of the file's name servers is called inside, and who it is.

        One that is not in the tunnel is asked by the machine, as wg-quick(8) would have it.
        """
        for name, server in zip(DNS_SERVERS, self.config.dns, strict=False):
            yield (str(server) if self._is_inside(server) else name), server

    def _is_inside(self, address: Address) -> bool:
        return any(one.version == address.version and address in one for one in self._reached)

    def _asked(self) -> dict[str, str | None]:
        """Whom the gateway asks for names."""
        if not self.config.dns:
            return {f"{seen}:{_DNS}": at_dns(one) for seen, one in self.outside.resolver.asked()}
        elsewhere = ((seen, str(one)) for seen, one in self._servers())
        return {f"{seen}:{_DNS}": at_dns(one) for seen, one in elsewhere if seen != one}

    def _gateway(self) -> Gateway:
        """As without a tunnel, but in IPv4 alone, and callers have no address of the tunnel."""
        machine = MACHINE[0]
        whole = self.outside.gateway()
        return replace(
            whole,
            addresses=(str(GATEWAY[0]),),
            mtu=self.mtu,
            redirects={machine: whole.redirects[machine], **self._asked()},
            otherwise={one: to for one, to in whole.otherwise.items() if one == machine},
            publish=tuple(replace(one, to=_in_ipv4(one.to)) for one in whole.publish),
            masquerade=True,
        )

    def _beyond(self, tun: Tun, *, is_captured: bool) -> Beyond:
        apps: dict[str, App] = {
            _PROGRAM: tun,
            _GATEWAY: self._gateway(),
            _PART: Split((to_subnets([GATEWAY[0].network]),)),
            _BACK: Join(),
        }
        links = [
            Connection(_PART, "0", _GATEWAY, "rx"),
            Connection(_PART, "rest", "first", "inside"),
            Connection("first", "inside", _BACK, "0"),
            Connection(_GATEWAY, "tx", _BACK, "1"),
        ]
        ways = ((_PROGRAM, _PART), (_BACK, _PROGRAM))
        if not is_captured:
            links += [Connection(one, "tx", other, "rx") for one, other in ways]
            return Beyond(apps, frozenset(links))
        for name, (one, other) in zip(_SEEN, ways, strict=True):
            apps[name] = Tee()
            links += [
                Connection(one, "tx", name, "rx"),
                Connection(name, "tx", other, "rx"),
                Connection(name, "copy", CAPTURE, name),
            ]
        return Beyond(apps, frozenset(links), _SEEN)


def _in_ipv4(to: str) -> str:
    """Where a published port leads: the program is nowhere else seen by the gateway."""
    return f"{PROGRAM[0].ip}:{to.rpartition(':')[2]}"
