"""Blueprint: a network of hosts, switches and lines as data, and the graph that follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import ip_network
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from usernet.config.addressing import Cable, Plan
from usernet.config.apps import App, PcapWriter, RawSocket, Tap, Tun
from usernet.config.host import Switch
from usernet.config.known import known
from usernet.config.link import DIRECTIONS
from usernet.config.topology import Topology
from usernet.config.wireguard import UdpSocket, WireGuard
from usernet.errors import ConfigError
from usernet.net.line import CAPTURE, End, Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from usernet.config.address import Subnet
    from usernet.config.addressing import HostPlan
    from usernet.config.host import Medium
    from usernet.config.link import Link

__all__ = ["Blueprint"]

_MEDIA: Mapping[type, Medium] = {
    RawSocket: "ethernet",
    Tap: "ethernet",
    Tun: "ip",
    UdpSocket: "ip",
    WireGuard: "ip",
}
"""What devices carry."""
_SIDES = ("inside", "outside")
"""The ends of a tunnel's device, which are ports in both directions."""
_LINK_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Blueprint:
    """Everything that a network is made of.

    Attributes:
        base: Apps and links that the user put there one by one.
        plan: Hosts and switches, and how they are linked.
        lines: The emulated line of each link.
        capture: The file of the capture, if there is one.
    """

    base: Topology = field(default_factory=Topology)
    plan: Plan = field(default_factory=Plan)
    lines: Mapping[str, Line] = field(default_factory=lambda: MappingProxyType({}))
    capture: Path | None = None

    def with_host(self, name: str, host: HostPlan) -> Self:
        """The same with this host.

        Raises:
            ConfigError: There is something of that name, or an address is another host's.
        """
        self._check_free(name, "host")
        return replace(self, plan=self.plan.with_host(name, host))

    def with_switch(self, name: str) -> Self:
        """The same with this switch.

        Raises:
            ConfigError: There is something of that name.
        """
        self._check_free(name, "switch")
        return replace(self, plan=self.plan.with_switch(name))

    def with_apps(self, *several: Mapping[str, App]) -> Self:
        """The same with these apps, where they are not there already.

        Raises:
            ConfigError: There is something else of that name.
        """
        base = self.base
        for name, app in (one for apps in several for one in apps.items()):
            if base.apps.get(name) != app:
                self._check_free(name, "app")
                base = base.with_app(name, app)
        return replace(self, base=base)

    def with_line(
        self,
        first: str,
        second: str,
        link: Link,
        *,
        name: str | None = None,
        mtu: int | None = None,
        is_wire: bool = False,
    ) -> tuple[Self, str]:
        """The same with a link between two ends, and the link's name.

        Args:
            first: A host, a switch, an app with the ports ``rx`` and ``tx``, or one side of a
                tunnel's device: ``wg0.inside``, ``wg0.outside``.
            second: Another.
            link: What the link does to packets.
            name: Its name; made of those of the ends where None.
            mtu: The MTU of the interfaces at its ends; that of the tunnel inside one, else that of
                each host, where None.
            is_wire: The ends are joined as they are.

        Raises:
            ConfigError: It leads nowhere, there is a link of that name, or the ends carry
                different things.
        """
        for end in (first, second):
            names = (*self.plan.hosts, *sorted(self.plan.switches), *self._app_ends())
            known(end, names or ("no host at all yet",), path="link", what="end")
        cable = Cable(
            self._link_name(name, first, second),
            first,
            second,
            self._mtu(first, second) if mtu is None else mtu,
            self._medium(first, second),
        )
        line = Line(
            link,
            self._end(first),
            self._end(second),
            name=cable.name,
            ethernet=cable.medium == "ethernet",
            captured=self.capture is not None,
            metered=True,
            is_wire=is_wire,
        )
        plan = self.plan.with_cable(cable)
        return replace(self, plan=plan, lines={**self.lines, cable.name: line}), cable.name

    def with_link(self, name: str, link: Link) -> Self:
        """The same, with a link that does something else to packets."""
        return replace(self, lines={**self.lines, name: replace(self.lines[name], link=link)})

    @cached_property
    def topology(self) -> Topology:
        """The graph.

        Raises:
            ConfigError: Hosts contradict each other, a flow's filter is wrong, or two things have
                one name.
        """
        plan = replace(self.plan, behind=self._behind) if self._behind else self.plan
        apps: dict[str, App] = {
            **plan.layout.hosts,
            **dict.fromkeys(sorted(self.plan.switches), Switch()),
        }
        links = set(self.base.links)
        for line in self.lines.values():
            graph = line.graph()
            apps |= graph.apps
            links |= graph.links
        for name in self.base.apps:
            if name in apps or (name == CAPTURE and self.capture):
                raise ConfigError("two things of one name", path="app", value=name)
        apps = {**self.base.apps, **apps}
        if self.capture is not None:  # last: what fails before it leaves the file alone
            apps[CAPTURE] = PcapWriter(self.capture, self.directions)
        return Topology(MappingProxyType(apps), frozenset(links))

    @property
    def directions(self) -> tuple[str, ...]:
        """The names of both directions of every link, as captures and statistics have them."""
        lines = (line for line in self.lines.values() if not line.is_wire)
        return tuple(line.direction(one) for line in lines for one in DIRECTIONS)

    @cached_property
    def _behind(self) -> Mapping[str, tuple[Subnet, ...]]:
        """What each tunnel leads to: inside to all that its peers have, outside to itself."""
        found: dict[str, tuple[Subnet, ...]] = {}
        for name, app in self.base.apps.items():
            if isinstance(app, WireGuard):
                inside = (one for peer in app.peers for one in peer.allowed_ips)
                found[f"{name}.inside"] = tuple(inside)
                found[f"{name}.outside"] = () if app.address is None else (ip_network(app.address),)
        return found

    def _app_ends(self) -> Iterator[str]:
        """The ends of links that apps are."""
        for name, app in self.base.apps.items():
            if isinstance(app, WireGuard):
                yield from (f"{name}.{side}" for side in _SIDES)
            else:
                yield name

    def _sided(self, end: str) -> tuple[str, str] | None:
        """The tunnel's device that an end is a side of, and which."""
        device, _, side = end.rpartition(".")
        is_one = side in _SIDES and isinstance(self.base.apps.get(device), WireGuard)
        return (device, side) if is_one else None

    def _mtu(self, *ends: str) -> int | None:
        """The MTU of a tunnel that one of these is the inside of."""
        for device, side in filter(None, map(self._sided, ends)):
            app = self.base.apps[device]
            if side == "inside" and isinstance(app, WireGuard):
                return app.mtu
        return None

    def _check_free(self, name: str, path: str) -> None:
        taken = {
            other.lower() for other in (*self.plan.hosts, *self.plan.switches, *self.base.apps)
        }
        if name.lower() in taken:
            raise ConfigError("there is something of that name", path=path, value=name)

    def _link_name(self, name: str | None, first: str, second: str) -> str:
        if name is not None:
            if not _LINK_NAME.fullmatch(name):
                allowed = "letters, digits, - and _"
                raise ConfigError("no name for a link", path="link", value=name, allowed=allowed)
            return name
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", f"{first}-{second}")
        found, number = plain, 1
        while found in self.lines:
            number += 1
            found = f"{plain}-{number}"
        return found

    def _medium(self, first: str, second: str) -> Medium:
        """What a link between these ends carries."""
        one, other = self._carried(first), self._carried(second)
        if one is not None and other not in {None, one}:
            said = f"{first} carries {one} and {second} carries {other}"
            problem, allowed = "the ends do not fit", "Ethernet at both ends, or IP"
            raise ConfigError(problem, path="link", value=said, allowed=allowed)
        if one is None:
            one = other
        return "ip" if one is None else one

    def _carried(self, end: str) -> Medium | None:
        if end in self.plan.switches:
            return "ethernet"
        device, _ = self._sided(end) or (end, "")
        return _MEDIA.get(type(self.base.apps.get(device)))

    def _end(self, name: str) -> End:
        number = sum(name in cable.ends for cable in self.plan.cables)
        if name in self.plan.hosts:
            return End(name, f"eth{number}", f"eth{number}")
        if name in self.plan.switches:
            return End(name, f"port{number}", f"port{number}")
        if sided := self._sided(name):
            device, side = sided
            return End(device, side, side)
        return End(name)
