"""Addressing: which interfaces, addresses and routes hosts have, from how they are linked.

Each link makes an interface on both hosts. An address belongs to the first interface behind which
another host shares its subnet. An address that is left belongs to an interface that leads to a
switch or outside, and if there is none, to ``lo``, which leads nowhere. An interface without an
address is unnumbered: what leaves by it has another address of the host's. `usernet.config.routing`
says which routes follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import ip_interface
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from usernet.config import routing
from usernet.config.host import DEFAULT_MTU, HostConfig, InterfaceConfig
from usernet.config.known import known
from usernet.config.routing import Attachment, Segment
from usernet.config.socket_options import SocketOptions
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from usernet.config.address import Address, InterfaceAddress, Subnet
    from usernet.config.host import Medium

__all__ = ["UNLINKED", "Cable", "HostPlan", "Layout", "Plan"]

UNLINKED = "lo"
"""The interface of addresses that no link leads to."""

_UNLINKED_MTU = 65535


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What is said of a host, before it is known how it is linked.

    Attributes:
        addresses: Its addresses.
        forward: Whether it forwards, as a router does.
        mtu: The MTU of its interfaces, where the link has none of its own.
        gateways: Where it sends what is not for a subnet of its own: one for IPv4, one for IPv6.
        routes: Subnets, and the router that each is reached by.
        options: What its sockets start with.
    """

    addresses: tuple[InterfaceAddress, ...] = ()
    forward: bool = False
    mtu: int | None = None
    gateways: tuple[Address, ...] = ()
    routes: tuple[tuple[Subnet, Address], ...] = ()
    options: SocketOptions = field(default_factory=SocketOptions)


@dataclass(frozen=True, slots=True)
class Cable:
    """A link between two ends, each a host, a switch or something outside.

    Attributes:
        name: Its name.
        first: One end.
        second: The other.
        mtu: The MTU of the interfaces at its ends.
        medium: What it carries.
    """

    name: str
    first: str
    second: str
    mtu: int | None = None
    medium: Medium = "ip"

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends."""
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows from a plan.

    Attributes:
        hosts: The config of each host.
        interfaces: The interface that a link makes at a host, by the names of both.
    """

    hosts: Mapping[str, HostConfig]
    interfaces: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Plan:
    """Hosts, and what links them.

    Attributes:
        hosts: By name.
        switches: The names of switches.
        outside: The names of other ends: devices whose addresses are not known here.
        cables: The links, in the order in which they were made.
        owners: The host that has an address.
        behind: Subnets that an end outside leads to, as a tunnel's device does to what its peers
            have.
    """

    hosts: Mapping[str, HostPlan] = field(default_factory=lambda: MappingProxyType({}))
    switches: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    cables: tuple[Cable, ...] = ()
    owners: Mapping[Address, str] = field(default_factory=lambda: MappingProxyType({}))
    behind: Mapping[str, tuple[Subnet, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def with_host(self, name: str, host: HostPlan) -> Self:
        """The same with this host, in place of the one of that name if there is one.

        Raises:
            ConfigError: It has an address twice, or one that another host has.
        """
        mine: dict[Address, str] = {}
        for address in host.addresses:
            ip, path = address.ip, f"{name}.addresses"
            if ip in mine:
                raise ConfigError("given twice", path=path, value=str(address))
            if self.owners.get(ip, name) != name:
                problem = f"the host {self.owners[ip]} has this address"
                raise ConfigError(problem, path=path, value=str(address))
            mine[ip] = name
        others = {ip: owner for ip, owner in self.owners.items() if owner != name}
        owners = MappingProxyType({**others, **mine})
        return replace(self, hosts=MappingProxyType({**self.hosts, name: host}), owners=owners)

    def with_switch(self, name: str) -> Self:
        """The same with this switch."""
        return replace(self, switches=self.switches | {name})

    def with_cable(self, cable: Cable) -> Self:
        """The same with this link, whose ends are outside where no host or switch has their name.

        Raises:
            ConfigError: There is a link of that name, or it leads from an end to itself.
        """
        if cable.name in {other.name for other in self.cables}:
            raise ConfigError("there is a link of that name", path="link", value=cable.name)
        if cable.first == cable.second:
            raise ConfigError("a link from an end to itself", path="link", value=cable.first)
        new = {end for end in cable.ends if end not in self.hosts and end not in self.switches}
        return replace(self, outside=self.outside | new, cables=(*self.cables, cable))

    def end(self, name: str) -> str:
        """The name of an end that is there already.

        Raises:
            ConfigError: There is none, so that a link would lead nowhere.
        """
        names = (*self.hosts, *sorted(self.switches), *sorted(self.outside))
        return known(name, names or ("no host at all yet",), path="link", what="end")

    @cached_property
    def layout(self) -> Layout:
        """What follows for every host.

        Raises:
            ConfigError: A gateway is on no subnet of the host's, or the addresses and the MTU of
                a host contradict each other.
        """
        attached = self._attached()
        homes = {
            one: addresses
            for name, mine in attached.items()
            for one, addresses in _homes(name, mine, self.hosts).items()
        }
        ways = routing.Ways(self.hosts, attached, homes)
        return Layout(
            {name: self._config(name, attached[name], homes, ways) for name in self.hosts},
            {(one.cable.name, name): one.interface for name in attached for one in attached[name]},
        )

    def _attached(self) -> dict[str, list[Attachment]]:
        """The interfaces of every host, in the order of their links."""
        found: dict[str, list[Attachment]] = {name: [] for name in self.hosts}
        for cable, segment in self._segments():
            for end in cable.ends:
                if end in found:
                    behind = tuple(to for far in cable.ends for to in self.behind.get(far, ()))
                    one = Attachment(end, f"eth{len(found[end])}", cable, segment, behind)
                    found[end].append(one)
                    segment.attachments.append(one)
        return found

    def _segments(self) -> Iterator[tuple[Cable, Segment]]:
        """Each link and what it is part of: itself alone, or everything that switches join."""
        roots = self._switch_roots()
        found: dict[str, Segment] = {}
        for cable in self.cables:
            root = next((roots[end] for end in cable.ends if end in roots), None)
            is_open = root is not None or not self.outside.isdisjoint(cable.ends)
            key = f"switch {root}" if root is not None else f"link {cable.name}"
            yield cable, found.setdefault(key, Segment(is_open=is_open))

    def _switch_roots(self) -> dict[str, str]:
        """Each switch, and the one that stands for all that are linked with it."""
        roots = {name: name for name in self.switches}
        for cable in self.cables:
            first, second = (roots.get(end) for end in cable.ends)
            if first is not None and second is not None:
                roots = {name: first if r == second else r for name, r in roots.items()}
        return roots

    def _config(
        self,
        name: str,
        attached: Sequence[Attachment],
        homes: Mapping[Attachment, Sequence[InterfaceAddress]],
        ways: routing.Ways,
    ) -> HostConfig:
        host = self.hosts[name]
        default = host.mtu or DEFAULT_MTU
        try:
            interfaces = [
                InterfaceConfig(
                    one.interface, tuple(homes[one]), one.cable.mtu or default, one.cable.medium
                )
                for one in attached
            ]
            linked = {address for one in attached for address in homes[one]}
            left = tuple(ip_interface(one.ip) for one in host.addresses if one not in linked)
            if left:
                interfaces.append(InterfaceConfig(UNLINKED, left, _UNLINKED_MTU))
            routes = tuple(ways.routes(name))
            return HostConfig(tuple(interfaces), routes, host.forward, host.options)
        except ConfigError as error:
            raise error.within(name) from None


def _homes(
    name: str, attached: Sequence[Attachment], hosts: Mapping[str, HostPlan]
) -> dict[Attachment, list[InterfaceAddress]]:
    """The addresses of each interface of a host; those that belong to none are left out."""
    homes: dict[Attachment, list[InterfaceAddress]] = {one: [] for one in attached}
    left: list[InterfaceAddress] = []
    for address in hosts[name].addresses:
        home = next((one for one in attached if _is_shared(address, one, hosts)), None)
        (left if home is None else homes[home]).append(address)
    is_open = [one for one in attached if one.segment.is_open]
    for address, home in _dealt(left, [one for one in is_open if not homes[one]] or is_open):
        homes[home].append(address)
    return homes


def _is_shared(
    address: InterfaceAddress, attachment: Attachment, hosts: Mapping[str, HostPlan]
) -> bool:
    """Whether another host behind the interface is on the address's subnet, and sees it so."""
    network, ip = address.network, address.ip
    return any(
        other.ip in network and ip in other.network
        for peer in attachment.peers
        for other in hosts[peer].addresses
    )


def _dealt(
    addresses: Sequence[InterfaceAddress], attached: Sequence[Attachment]
) -> Iterator[tuple[InterfaceAddress, Attachment]]:
    """Deal addresses out in order, those of each family by themselves; the last gets the rest."""
    for version in (4, 6) if attached else ():
        family = [one for one in addresses if one.version == version]
        for index, address in enumerate(family):
            yield address, attached[min(index, len(attached) - 1)]
