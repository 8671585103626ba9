"""Layouts: the topologies that a test can have by name.

==========  ==============================================================================
``pair``    two hosts and a link; *up* is from the first to the second
``router``  two hosts, and a router between them; the first has the bad link to the router
``star``    any number of hosts, each with a bad link to one router
``lan``     any number of hosts, each with a bad link to one Ethernet switch
``none``    hosts without links: the test makes those
==========  ==============================================================================

Hosts that have no addresses of their own get one of IPv4 and one of IPv6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.scenario import Scenario
    from usernet.net.network import Network

__all__ = ["LAYOUTS", "Hosts"]

Hosts: TypeAlias = Mapping[str, tuple[str, ...]]
"""The names of hosts, and their addresses."""

_MOST = 250
"""How many hosts a layout can have: their numbers have to fit into an address."""


def _pair(network: Network, line: Scenario, hosts: Hosts) -> None:
    first, second = _two(hosts, "pair")
    _on_one_subnet(network, hosts)
    network.link(first, second, line)


def _router(network: Network, line: Scenario, hosts: Hosts) -> None:
    first, second = _two(hosts, "router")
    _around_a_router(network, hosts)
    network.link(first, "router", line)
    network.link("router", second)


def _star(network: Network, line: Scenario, hosts: Hosts) -> None:
    _around_a_router(network, hosts)
    for name in hosts:
        network.link(name, "router", line)


def _lan(network: Network, line: Scenario, hosts: Hosts) -> None:
    _on_one_subnet(network, hosts)
    network.switch("lan")
    for name in hosts:
        network.link(name, "lan", line)


def _none(network: Network, line: Scenario, hosts: Hosts) -> None:
    del line
    _on_one_subnet(network, hosts)


LAYOUTS: Mapping[str, Callable[[Network, Scenario, Hosts], None]] = {
    "pair": _pair,
    "router": _router,
    "star": _star,
    "lan": _lan,
    "none": _none,
}
"""By name."""


def _two(hosts: Hosts, layout: str) -> tuple[str, str]:
    if len(hosts) != 2:  # noqa: PLR2004 - two ends
        problem = f"{len(hosts)} hosts for the topology {layout}"
        raise ConfigError(problem, path="hosts", allowed="2 of them; star and lan take any number")
    first, second = hosts
    return first, second


def _on_one_subnet(network: Network, hosts: Hosts) -> None:
    for number, (name, addresses) in _numbered(hosts):
        network.host(name, *(addresses or (f"10.0.0.{number}/24", f"fd00::{number:x}/64")))


def _around_a_router(network: Network, hosts: Hosts) -> None:
    """Each host on a subnet that it shares with the router."""
    own: list[str] = []
    for number, (name, addresses) in _numbered(hosts):
        network.host(name, *(addresses or _on_subnet(number, 2)))
        own += _on_subnet(number, 1)
    network.host("router", *own, forward=True)


def _on_subnet(number: int, host: int) -> tuple[str, str]:
    return f"10.0.{number}.{host}/24", f"fd00:0:0:{number:x}::{host}/64"


def _numbered(hosts: Hosts) -> list[tuple[int, tuple[str, tuple[str, ...]]]]:
    if not 0 < len(hosts) <= _MOST:
        raise ConfigError(f"{len(hosts)} hosts", path="hosts", allowed=f"1 to {_MOST}")
    return list(enumerate(hosts.items(), start=1))
