"""Layouts: the topologies that have a name."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from usernet.config.host import HostConfig
from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.net.network import Network
from usernet.testing.layouts import LAYOUTS

LINE = Scenario(Link(Impairment(delay="1ms"), Impairment(delay="2ms")))
BAD, PERFECT = LINE.link, Link()


def built(layout: str, *hosts: str) -> Network:
    network = Network()
    LAYOUTS[layout](network, LINE, dict.fromkeys(hosts, ()))
    return network


def links(network: Network) -> dict[str, Link]:
    return {name: link.link for name, link in network.links.items()}


def reaches(network: Network, start: str, end: str) -> bool:
    """Whether a host has a way to another."""
    config = network.topology.apps[start]
    assert isinstance(config, HostConfig)
    subnets = [a.network for one in config.interfaces for a in one.addresses]
    subnets += [route.to for route in config.routes]
    return all(
        any(ip_address(address) in ip_network(str(subnet)) for subnet in subnets)
        for address in network.addresses_of(end)
    )


@pytest.mark.parametrize("layout", ["pair", "router", "star", "lan"])
def test_in_each_the_hosts_reach_each_other(layout: str) -> None:
    network = built(layout, "client", "server")
    for start, end in (("client", "server"), ("server", "client")):
        assert reaches(network, start, end)
    assert {"client", "server"} <= set(network.hosts)


def test_a_pair_has_the_bad_link() -> None:
    assert links(built("pair", "client", "server")) == {"client-server": BAD}


def test_behind_a_router_the_first_has_it() -> None:
    network = built("router", "client", "server")
    assert links(network) == {"client-router": BAD, "router-server": PERFECT}


@pytest.mark.parametrize(("layout", "middle"), [("star", "router"), ("lan", "lan")])
def test_in_the_others_everybody_has_one(layout: str, middle: str) -> None:
    network = built(layout, "a", "b", "c")
    assert links(network) == {f"{name}-{middle}": BAD for name in "abc"}
    assert reaches(network, "a", "c")


def test_none_has_no_link() -> None:
    network = built("none", "a", "b", "c")
    assert links(network) == {}
    assert network.addresses_of("c") == ["10.0.0.3", "fd00::3"]


@pytest.mark.parametrize("layout", ["pair", "router"])
@pytest.mark.parametrize("hosts", [("a",), ("a", "b", "c")])
def test_a_pair_is_two(layout: str, hosts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=f"hosts: {len(hosts)} hosts for the topology {layout}"):
        built(layout, *hosts)


def test_hosts_have_to_fit_into_an_address() -> None:
    with pytest.raises(ConfigError, match="hosts: 251 hosts: 1 to 250"):
        built("none", *(f"h{number}" for number in range(251)))
    with pytest.raises(ConfigError, match="0 hosts"):
        built("star")
