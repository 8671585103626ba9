"""Hosts: interfaces, addresses, routes and limits of a host with a TCP/IP stack, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from usernet.config.address import LEAST_MTU_IPV6
from usernet.config.socket_options import SocketOptions
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.address import Address, InterfaceAddress, Subnet

__all__ = ["DEFAULT_MTU", "HostConfig", "InterfaceConfig", "Medium", "Route", "Switch"]

Medium: TypeAlias = Literal["ip", "ethernet"]
"""What an interface sends: IP packets, as a TUN device does, or Ethernet frames."""

DEFAULT_MTU = 1500
"""Ethernet's."""

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class InterfaceConfig:
    """An interface of a host.

    Attributes:
        name: Its name, which is that of its ports too.
        addresses: Its addresses; their subnets are reached through it.
        mtu: Bytes of the largest IP packet that it sends.
        medium: What it sends.
        mac: Its Ethernet address, ``02:00:00:00:00:01``; one made of the names where None.

    Raises:
        ConfigError: IPv6 on an MTU below 1280, or no MAC address.
    """

    name: str
    addresses: tuple[InterfaceAddress, ...] = ()
    mtu: int = DEFAULT_MTU
    medium: Medium = "ip"
    mac: str | None = None

    def __post_init__(self) -> None:
        if self.mtu < LEAST_MTU_IPV6 and any(one.version == 6 for one in self.addresses):  # noqa: PLR2004
            raise ConfigError(
                "too small an MTU for IPv6",
                path=f"{self.name}.mtu",
                value=self.mtu,
                allowed=f"{LEAST_MTU_IPV6} or more (RFC 8200)",
            )
        if self.mac is not None and not _MAC.fullmatch(self.mac):
            path, allowed = f"{self.name}.mac", "such as 02:00:00:00:00:01"
            raise ConfigError("no Ethernet address", path=path, value=self.mac, allowed=allowed)

    def to_core(self) -> dict[str, object]:
        """The interface as the core reads it."""
        return {
            "addresses": [address.with_prefixlen for address in self.addresses],
            "mtu": self.mtu,
            "medium": self.medium,
            "mac": self.mac,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to a subnet go; the longest prefix that matches counts.

    Attributes:
        to: The subnet.
        interface: The interface that they leave by.
        via: The router that they are sent to; straight to their destination where None.
    """

    to: Subnet
    interface: str
    via: Address | None = None

    def to_core(self) -> dict[str, object]:
        """The route as the core reads it."""
        via = None if self.via is None else str(self.via)
        return {"to": str(self.to), "via": via, "interface": self.interface}


@dataclass(frozen=True, slots=True)
class HostConfig:
    """A host with a TCP/IP stack [an input and an output for each interface, of its name].

    Attributes:
        interfaces: Its interfaces.
        routes: Routes beside those to the subnets of its own addresses.
        forward: Whether it forwards packets that are not for it, as a router does.
        options: What its sockets start with.
        sockets: How many sockets it may have.
        memory: How many bytes its sockets may hold in all.

    Raises:
        ConfigError: Two interfaces of one name, an address twice, or a route to an interface
            that is not there.
    """

    interfaces: tuple[InterfaceConfig, ...] = ()
    routes: tuple[Route, ...] = ()
    forward: bool = False
    options: SocketOptions = field(default_factory=SocketOptions)
    sockets: int = 65536
    memory: int = 256 << 20

    def __post_init__(self) -> None:
        names = [one.name for one in self.interfaces]
        _unique(names, "interfaces")
        _unique(self.addresses, "addresses")
        for index, route in enumerate(self.routes):
            if route.interface not in names:
                path, there = f"routes[{index}].interface", ", ".join(names) or "none"
                raise ConfigError(
                    "no such interface", path=path, value=route.interface, allowed=there
                )

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All its addresses."""
        return tuple(address.ip for one in self.interfaces for address in one.addresses)

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {
            "app": "host",
            "interfaces": {one.name: one.to_core() for one in self.interfaces},
            "routes": [route.to_core() for route in self.routes],
            "forward": self.forward,
            "options": self.options.to_core(),
            "sockets": self.sockets,
            "memory": self.memory,
        }

    def keeps_state(self, new: object) -> bool:
        """Yes, for another host: its sockets stay."""
        return isinstance(new, HostConfig)


@dataclass(frozen=True, slots=True)
class Switch:
    """An Ethernet switch, which learns where stations are [an input and an output per port]."""

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {"app": "switch"}

    def keeps_state(self, new: object) -> bool:
        """Yes, for another switch: it remembers where stations are."""
        return isinstance(new, Switch)


def _unique(items: Sequence[object], path: str) -> None:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise ConfigError("given twice", path=path, value=str(item))
