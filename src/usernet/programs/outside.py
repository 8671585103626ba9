"""Outside: what the network of a program leads to, and what leads into it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from usernet.config.address import LEAST_MTU_IPV6
from usernet.config.apps import Gateway, Publish
from usernet.errors import ConfigError
from usernet.net.emulation import Ends
from usernet.programs.published import published
from usernet.report.connections import Connections
from usernet.sandbox.addresses import GATEWAY, HOST_NAME, MACHINE
from usernet.sandbox.network import Plan
from usernet.sandbox.resolver import Resolver, hosts_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usernet.config.apps import Tun
    from usernet.engine import Statistics
    from usernet.net.emulation import Emulation

__all__ = ["Outside", "at_dns", "how_many", "machine_resolver"]

_DNS = 53
_MOST_MTU = 65535
_LOOPBACK = ("127.0.0.1", "::1")
_RESOLVER, _HOSTS = Path("/etc/resolv.conf"), Path("/etc/hosts")


@dataclass(frozen=True, slots=True)
class Outside:
    """What the network of a program leads to.

    Attributes:
        resolver: How the machine asks for names.
        hosts: What the machine's /etc/hosts says.
        published: Ports of the machine that lead inside.
        with_machine: Whether the machine's own servers are reached.
        mtu: Of the program's interface, in bytes.
        gateway_app: The name of the gateway in the graph.
    """

    resolver: Resolver
    hosts: str
    published: tuple[Publish, ...]
    with_machine: bool
    mtu: int = 1500
    gateway_app: str = "second"

    @classmethod
    def of(cls, publish: Iterable[str], *, with_machine: bool) -> Self:
        """As this machine is.

        Raises:
            ConfigError: What is to be published is not said as it should be.
        """
        return cls(machine_resolver(), _read(_HOSTS), tuple(map(published, publish)), with_machine)

    def with_mtu(self, mtu: int) -> Self:
        """The same with an MTU of the program's interface.

        Raises:
            ConfigError: It is none.
        """
        if not LEAST_MTU_IPV6 <= mtu <= _MOST_MTU:
            allowed = f"{LEAST_MTU_IPV6} to {_MOST_MTU} bytes, of which IPv6 needs the least"
            raise ConfigError("no MTU", path="interface-mtu", value=mtu, allowed=allowed)
        return replace(self, mtu=mtu)

    def plan(self) -> Plan:
        """What the network is like inside."""
        hosts = hosts_inside(self.hosts, with_machine=self.with_machine)
        return Plan(self.resolver.inside(), hosts, self.mtu)

    def gateway(self) -> Gateway:
        """What ends the connections of the program, and begins them on the machine's sockets."""
        return Gateway(
            addresses=tuple(map(str, GATEWAY)),
            mtu=self.mtu,
            redirects=dict(self._redirects()),
            otherwise=dict(self._second_tries()),
            names={HOST_NAME: MACHINE[:1]} if self.with_machine else {},
            publish=self.published,
        )

    def ends(self, tun: Tun, capture: Path | None) -> Ends:
        """What the line joins: the program, and the gateway."""
        return Ends(tun, self.gateway(), capture, medium="ip")

    @staticmethod
    def connections(emulation: Emulation) -> Connections:
        """What the gateway wrote down of each connection."""
        return Connections.from_core(emulation.series("second"))

    @staticmethod
    def told(statistics: Statistics, connections: Connections) -> tuple[str, ...]:
        """What a person is told at the end."""
        del statistics
        return (how_many(connections),)

    def _second_tries(self) -> Iterator[tuple[str, str]]:
        """A server on one of the machine's loopback addresses is found by the name's other one."""
        if self.with_machine:
            yield from zip(MACHINE, reversed(_LOOPBACK), strict=True)

    def _redirects(self) -> Iterator[tuple[str, str | None]]:
        for inside, loopback in zip(MACHINE, _LOOPBACK, strict=True):
            yield inside, loopback if self.with_machine else None
        for inside, server in self.resolver.asked():
            yield f"{inside}:{_DNS}", at_dns(server)
        yield f"[{GATEWAY[1].ip}]:{_DNS}", at_dns(self.resolver.servers[0])


def machine_resolver() -> Resolver:
    """How this machine asks for names."""
    return Resolver.of(_read(_RESOLVER))


def how_many(connections: Connections) -> str:
    """How many connections there were, and how they ended."""
    ends = Counter(one.end for one in connections.listed)
    told = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    count = connections.left_out + len(connections.listed)
    return f"{count} connections: {told}" if told else "no connections"


def at_dns(server: str) -> str:
    """The address and port at which a name server is asked."""
    return f"[{server}]:{_DNS}" if ":" in server else f"{server}:{_DNS}"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
