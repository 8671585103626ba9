"""Routing: the static routes of every host, by the fewest links over hosts that forward.

A host gets a route to every subnet that it can reach and is not part of, and one to every address
that it would not find by those. Of ways of one length, the one by the link made first counts. A
host with a gateway or with routes of its own has those instead, and by itself reaches only who
is linked to it. What an end outside says it leads to, as a tunnel's device does, is reached by it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from usernet.config.host import Route
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from usernet.config.address import Address, InterfaceAddress, Subnet
    from usernet.config.addressing import Cable, HostPlan

__all__ = ["Attachment", "Segment", "Ways"]


@dataclass(eq=False, slots=True)
class Segment:
    """Everything that hears each other without a router: a link, or links joined by switches.

    Attributes:
        is_open: Whether others than the hosts attached may be there: there is a switch, or an end
            outside.
        attachments: The interfaces in it.
    """

    is_open: bool
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(eq=False, frozen=True, slots=True)
class Attachment:
    """An interface at its place.

    Attributes:
        host: Whose it is.
        interface: Its name.
        cable: The link that made it.
        segment: What it is part of.
        behind: Subnets that the end outside leads to.
    """

    host: str
    interface: str
    cable: Cable
    segment: Segment
    behind: tuple[Subnet, ...] = ()

    @property
    def others(self) -> list[Attachment]:
        """The other interfaces of the segment."""
        return [other for other in self.segment.attachments if other is not self]

    @property
    def peers(self) -> list[str]:
        """The other hosts of the segment, each once."""
        hosts = dict.fromkeys(other.host for other in self.others)
        return [host for host in hosts if host != self.host]


@dataclass(frozen=True, slots=True)
class _Step:
    """The first step of a way: out of one interface, to another."""

    out: Attachment
    to: Attachment


class _Place(NamedTuple):
    """An address with what is asked of it again and again, worked out once."""

    ip: Address
    number: int
    version: int
    subnet: Subnet
    alone: Subnet

    @classmethod
    def of(cls, address: InterfaceAddress) -> _Place:
        ip = address.ip
        alone = ip_network(ip)
        subnet = alone if address.network == alone else address.network
        return cls(ip, int(ip), ip.version, subnet, alone)

    @classmethod
    def within(cls, subnet: Subnet) -> _Place:
        """Any address of a subnet."""
        ip = subnet.network_address
        return cls(ip, int(ip), ip.version, subnet, ip_network(ip))


_BITS = {4: 32, 6: 128}
_Homes: TypeAlias = "Mapping[Attachment, Sequence[InterfaceAddress]]"
_Hop: TypeAlias = "tuple[str, Address | None]"
"""An interface, and the router to send to; None is straight to the destination."""


class Ways:
    """The ways between hosts.

    Args:
        hosts: What is said of each.
        attached: The interfaces of each.
        homes: The addresses of each interface.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostPlan],
        attached: Mapping[str, Sequence[Attachment]],
        homes: _Homes,
    ) -> None:
        self._hosts = hosts
        self._attached = attached
        self._homes = {one: [*map(_Place.of, addresses)] for one, addresses in homes.items()}
        self._places = {name: [*map(_Place.of, host.addresses)] for name, host in hosts.items()}

    def routes(self, name: str) -> Iterator[Route]:
        """The routes of a host.

        Raises:
            ConfigError: A router that it names is not linked to it.
        """
        host = self._hosts[name]
        given = bool(host.gateways or host.routes)
        table = _Table()
        for one in self._attached[name]:
            for place in self._homes[one]:
                table.add(place.subnet, (one.interface, None))
        connected = set(table.routes)
        for one in self._attached[name]:
            for subnet in one.behind:
                table.add(subnet, (one.interface, None))
        steps = self._steps(name, most=1 if given else None)
        if not given:
            self._add_subnets(steps, table)
        self._add_addresses(steps, table)
        for subnet, hop in table.routes.items():
            if subnet not in connected:
                yield Route(subnet, *hop)
        yield from self._given(name)

    def _steps(self, name: str, most: int | None) -> dict[str, _Step]:
        """The first step to every host that can be reached, nearest first."""
        found: dict[str, _Step] = {}
        queue = deque([(name, 0)])
        while queue:
            at, distance = queue.popleft()
            if distance and (distance == most or not self._hosts[at].forward):
                continue
            for one in self._attached[at]:
                for other in one.others:
                    if other.host not in found and other.host != name:
                        found[other.host] = found[at] if distance else _Step(one, other)
                        queue.append((other.host, distance + 1))
        return found

    def _add_subnets(self, steps: Mapping[str, _Step], table: _Table) -> None:
        """Routes to the subnets of the hosts reached; to those of routers first."""
        by_forward = sorted(steps, key=lambda host: not self._hosts[host].forward)
        for host in by_forward:
            step = steps[host]
            for place in (place for one in self._attached[host] for place in self._homes[one]):
                if place.subnet is not place.alone and place.subnet not in table.routes:
                    hop = self._hop(step, host, place)
                    if hop is not None:
                        table.add(place.subnet, hop)
            if self._hosts[host].forward:
                self._add_behind(step, host, table)

    def _add_behind(self, step: _Step, router: str, table: _Table) -> None:
        """Routes to what ends outside lead to, by the router that they are linked to."""
        for subnet in (subnet for one in self._attached[router] for subnet in one.behind):
            hop = self._hop(step, "", _Place.within(subnet))
            if hop is not None:
                table.add(subnet, hop)

    def _add_addresses(self, steps: Mapping[str, _Step], table: _Table) -> None:
        """Routes to the addresses that would else not be found, or not by the shortest way."""
        onward: dict[tuple[Attachment, int], _Hop | None] = {}
        for host, step in steps.items():
            for place in self._places[host]:
                key = (step.to, place.version)
                if step.to.host == host:
                    hop = self._hop(step, host, place)
                elif key in onward:
                    hop = onward[key]
                else:
                    hop = onward[key] = self._hop(step, host, place)
                if hop is not None and table.find(place) != hop:
                    table.add(place.alone, hop)

    def _hop(self, step: _Step, host: str, to: _Place) -> _Hop | None:
        """How the first step is written in a route to an address of a host."""
        interface, own = step.out.interface, step.to.host == host
        subnets = [one.subnet for one in self._homes[step.out] if one.version == to.version]
        if own and any(to.ip in subnet for subnet in subnets):
            return interface, None
        router = [one.ip for one in self._places[step.to.host] if one.version == to.version]
        near = [ip for ip in router if any(ip in subnet for subnet in subnets)]
        if near:
            return interface, near[0]
        return (interface, None) if own or _is_pair(step.out) else None

    def _given(self, name: str) -> Iterator[Route]:
        """The routes that the user gave."""
        host = self._hosts[name]
        for gateway in host.gateways:
            everything = ip_network("0.0.0.0/0" if gateway.version == 4 else "::/0")  # noqa: PLR2004
            yield Route(everything, *self._towards(name, gateway, "gateway"))
        for subnet, router in host.routes:
            yield Route(subnet, *self._towards(name, router, f"routes.{subnet}"))

    def _towards(self, name: str, router: Address, path: str) -> _Hop:
        """How a router is reached."""
        attached = self._attached[name]
        for one in attached:
            if any(router in place.subnet for place in self._homes[one]):
                return one.interface, router
        for one in attached:
            theirs = (place.ip for peer in one.peers for place in self._places[peer])
            if _is_pair(one) and router in theirs:
                return one.interface, None
        subnets = [str(place.subnet) for one in attached for place in self._homes[one]]
        problem = "no link of this host leads to this router"
        allowed = f"an address in {', '.join(subnets) or 'a subnet of its own'}"
        raise ConfigError(problem, path=path, value=str(router), allowed=allowed)


def _is_pair(attachment: Attachment) -> bool:
    """Whether nobody but one other can be meant by what leaves here."""
    return not attachment.segment.is_open and len(attachment.others) == 1


class _Table:
    """Routes by subnet; the longest prefix that matches counts."""

    def __init__(self) -> None:
        self.routes: dict[Subnet, _Hop] = {}
        self._by_prefix: dict[tuple[int, int], dict[int, _Hop]] = {}
        """By version and length, longest first, and then by the bits of the prefix."""

    def add(self, subnet: Subnet, hop: _Hop) -> None:
        """Add a route, unless there is one to the same subnet."""
        if subnet in self.routes:
            return
        self.routes[subnet] = hop
        version, length = key = subnet.version, subnet.prefixlen
        if key not in self._by_prefix:
            self._by_prefix = dict(sorted({**self._by_prefix, key: {}}.items(), reverse=True))
        number = int(subnet.network_address) >> (_BITS[version] - length)
        self._by_prefix[key][number] = hop

    def find(self, place: _Place) -> _Hop | None:
        """Where packets to an address go."""
        for (version, length), hops in self._by_prefix.items():
            if version == place.version:
                hop = hops.get(place.number >> (_BITS[version] - length))
                if hop is not None:
                    return hop
        return None
