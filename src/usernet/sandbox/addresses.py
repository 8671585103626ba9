"""Addresses inside the network of a program: the same in every one, and in nobody's own network.

192.0.0.0/29 is set apart for a point between two ends of one machine (RFC 7335), and the IPv6
prefix is a unique local one (RFC 4193) that spells the project's name.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from usernet.config.host import Route

__all__ = [
    "DNS_SERVERS",
    "GATEWAY",
    "HOST_NAME",
    "INTERFACE",
    "MACHINE",
    "PROGRAM",
    "ROUTES",
]

INTERFACE = "usernet0"
"""The one interface beside lo."""
PROGRAM = (IPv4Interface("192.0.0.2/29"), IPv6Interface("fd75:7365:726e:6574::2/64"))
"""The program's own addresses."""
GATEWAY = (IPv4Interface("192.0.0.1/29"), IPv6Interface("fd75:7365:726e:6574::1/64"))
"""Who ends what the program says, unless its network is another."""
ROUTES = (
    Route(IPv4Network("0.0.0.0/0"), INTERFACE, GATEWAY[0].ip),
    Route(IPv6Network("::/0"), INTERFACE, GATEWAY[1].ip),
)
"""Its default routes, which go there."""
MACHINE = ("192.0.0.3", "fd75:7365:726e:6574::3")
"""The loopback addresses of the machine, as they are called inside."""
HOST_NAME = "host.usernet"
"""The name of `MACHINE`."""
DNS_SERVERS = ("192.0.0.1", "192.0.0.4", "192.0.0.5")
"""What the machine's first three DNS servers are called inside; no more are asked (resolver(5))."""
