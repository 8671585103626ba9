"""Routing: every host reaches every other, by the shortest way, and by no other."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.addressing import Cable, HostPlan, Layout, Plan
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.address import Address, Subnet
    from usernet.config.host import HostConfig


def host(*addresses: str, forward: bool = False, via: str = "", **routes: str) -> HostPlan:
    return HostPlan(
        tuple(map(ip_interface, addresses)),
        forward=forward,
        gateways=tuple(map(ip_address, via.split())),
        routes=tuple((ip_network(to), ip_address(by)) for to, by in routes.items()),
    )


def plan(hosts: dict[str, HostPlan], *cables: str, switches: tuple[str, ...] = ()) -> Plan:
    """A plan with links such as ``a-b``."""
    built = Plan()
    for name, one in hosts.items():
        built = built.with_host(name, one)
    for switch in switches:
        built = built.with_switch(switch)
    for number, cable in enumerate(cables):
        first, second = cable.split("-")
        built = built.with_cable(Cable(f"{number}:{cable}", first, second))
    return built


def routes(layout: Layout, name: str) -> list[str]:
    """The routes of a host as text."""
    return [
        f"{route.to} {route.interface}" + (f" via {route.via}" if route.via else "")
        for route in layout.hosts[name].routes
    ]


def lookup(config: HostConfig, to: Address) -> tuple[str, Address] | None:
    """Out of which interface, and to which address there: longest prefix first, as the core."""
    table: list[tuple[Subnet, str, Address | None]] = [
        (address.network, one.name, None) for one in config.interfaces for address in one.addresses
    ]
    table += [(route.to, route.interface, route.via) for route in config.routes]
    fitting = [entry for entry in table if entry[0].version == to.version and to in entry[0]]
    if not fitting:
        return None
    _, interface, via = max(fitting, key=lambda entry: entry[0].prefixlen)
    return interface, to if via is None else via


def neighbour(built: Plan, layout: Layout, at: str, interface: str, to: Address) -> str | None:
    """Who takes a packet that leaves by this interface."""
    places = {
        (name, layout.interfaces[cable.name, name]): cable
        for cable in built.cables
        for name in cable.ends
        if name in built.hosts
    }
    cable = places.get((at, interface))
    if cable is None:
        return None
    (other,) = (end for end in cable.ends if end != at)
    if other not in built.switches:
        return other
    return next((name for name in built.hosts if to in layout.hosts[name].addresses), None)


def walk(built: Plan, layout: Layout, start: str, to: Address) -> list[str]:
    """The hosts that a packet passes; it ends at the one that has the address, or is lost."""
    passed = [start]
    while to not in layout.hosts[passed[-1]].addresses and len(passed) < 32:
        if passed[1:] and not built.hosts[passed[-1]].forward:
            break
        hop = lookup(layout.hosts[passed[-1]], to)
        after = hop and neighbour(built, layout, passed[-1], *hop)
        if after is None:
            break
        passed.append(after)
    return passed


class TestRoutes:
    def test_linked_hosts_of_one_subnet_need_none(self) -> None:
        layout = plan({"a": host("10.0.0.1/24"), "b": host("10.0.0.2/24")}, "a-b").layout
        assert routes(layout, "a") == []

    def test_two_addresses_of_one_subnet_are_one_route(self) -> None:
        hosts = {"a": host("10.0.0.1/24", "10.0.0.7/24"), "b": host("10.0.0.2/24")}
        assert routes(plan(hosts, "a-b").layout, "a") == []

    def test_an_unnumbered_link_has_routes_to_the_addresses_of_the_other_end(self) -> None:
        hosts = {"a": host("10.0.0.1/24"), "b": host("10.9.0.1/24", "fd00::1/64")}
        layout = plan(hosts, "a-b").layout
        assert routes(layout, "a") == ["10.9.0.1/32 eth0", "fd00::1/128 eth0"]
        assert routes(layout, "b") == ["10.0.0.1/32 eth0"]

    def test_subnets_behind_a_router(self) -> None:
        hosts = {
            "a": host("10.1.0.2/24"),
            "r": host("10.1.0.1/24", "10.2.0.1/24", forward=True),
            "b": host("10.2.0.2/24"),
            "t": host("10.3.0.1/24"),
        }
        layout = plan(hosts, "a-r", "r-b", "t-tun").layout
        assert routes(layout, "a") == ["10.2.0.0/24 eth0 via 10.1.0.1"]
        assert routes(layout, "b") == ["10.1.0.0/24 eth0 via 10.2.0.1"]
        assert routes(layout, "r") == []
        assert routes(layout, "t") == []

    def test_a_host_that_does_not_forward_ends_the_way(self) -> None:
        hosts = {
            "a": host("10.1.0.2/24"),
            "r": host("10.1.0.1/24", "10.2.0.1/24"),
            "b": host("10.2.0.2/24"),
        }
        layout = plan(hosts, "a-r", "r-b").layout
        assert routes(layout, "a") == ["10.2.0.0/24 eth0 via 10.1.0.1"]
        assert routes(layout, "b") == ["10.1.0.0/24 eth0 via 10.2.0.1"]
        assert lookup(layout.hosts["a"], ip_address("10.3.0.1")) is None

    def test_what_lies_outside_is_reached_through_the_router(self) -> None:
        hosts = {
            "a": host("10.1.0.2/24"),
            "r": host("10.1.0.1/24", "192.168.7.1/24", forward=True),
        }
        layout = plan(hosts, "a-r", "r-tun").layout
        assert routes(layout, "a") == ["192.168.7.0/24 eth0 via 10.1.0.1"]

    def test_one_subnet_over_several_links(self) -> None:
        hosts = {
            "s": host("10.0.0.1/24", forward=True),
            "a": host("10.0.0.2/24"),
            "b": host("10.0.0.3/24"),
        }
        built = plan(hosts, "s-a", "s-b")
        layout = built.layout
        assert routes(layout, "s") == ["10.0.0.3/32 eth1"]
        assert walk(built, layout, "a", ip_address("10.0.0.3")) == ["a", "s", "b"]

    def test_the_shortest_way_counts_and_of_equals_the_first(self) -> None:
        hosts = {
            "a": host("10.0.1.1/24", "10.0.2.1/24", "10.0.3.1/24"),
            "r1": host("10.0.1.2/24", "10.1.0.1/24", forward=True),
            "r2": host("10.0.2.2/24", "10.2.0.1/24", forward=True),
            "r3": host("10.0.3.2/24", "10.9.0.1/24", forward=True),
            "b": host("10.1.0.2/24", "10.2.0.2/24", "10.9.0.2/24"),
        }
        built = plan(hosts, "a-r1", "a-r2", "r1-b", "r2-b", "a-r3", "r3-b")
        layout = built.layout
        for address in hosts["b"].addresses:
            ways = walk(built, layout, "a", address.ip)
            assert len(ways) == 3
        assert walk(built, layout, "a", ip_address("10.1.0.2")) == ["a", "r1", "b"]

    def test_addresses_that_no_link_leads_to(self) -> None:
        hosts = {
            "a": host("10.1.0.2/24"),
            "r": host("10.1.0.1/24", "10.2.0.1/24", forward=True),
            "b": host("10.2.0.2/24", "192.0.2.1/32"),
        }
        layout = plan(hosts, "a-r", "r-b").layout
        assert routes(layout, "a") == [
            "10.2.0.0/24 eth0 via 10.1.0.1",
            "192.0.2.1/32 eth0 via 10.1.0.1",
        ]
        assert routes(layout, "r") == ["192.0.2.1/32 eth1 via 10.2.0.2"]


class TestLans:
    HOSTS: ClassVar = {
        "a": host("10.0.0.1/24"),
        "r": host("10.0.0.254/24", "10.9.0.1/24", forward=True),
        "b": host("10.9.0.2/24"),
        "odd": host("172.16.0.1/24"),
    }

    def test_a_router_on_a_lan(self) -> None:
        built = plan(self.HOSTS, "a-lan", "r-lan", "r-b", "odd-lan", switches=("lan",))
        layout = built.layout
        assert routes(layout, "a") == ["10.9.0.0/24 eth0 via 10.0.0.254", "172.16.0.0/24 eth0"]
        for start in built.hosts:
            for end, one in built.hosts.items():
                for address in one.addresses:
                    assert walk(built, layout, start, address.ip)[-1] == end

    def test_a_family_that_the_router_lacks_is_not_routed(self) -> None:
        hosts = {
            "a": host("10.0.0.1/24", "fd00::1/64"),
            "r": host("10.0.0.254/24", "10.9.0.1/24", forward=True),
            "b": host("10.9.0.2/24", "fd09::2/64", forward=True),
            "c": host("fd09::3/64"),
        }
        layout = plan(hosts, "a-lan", "r-lan", "r-b", "b-c", switches=("lan",)).layout
        assert routes(layout, "a") == ["10.9.0.0/24 eth0 via 10.0.0.254"]


class TestGiven:
    HOSTS: ClassVar = {
        "r": host("10.1.0.1/24", "10.2.0.1/24", "fd01::1/64", forward=True),
        "b": host("10.2.0.2/24"),
    }

    def test_a_gateway_is_instead_of_computed_routes(self) -> None:
        hosts = {**self.HOSTS, "a": host("10.1.0.2/24", "fd01::2/64", via="10.1.0.1 fd01::1")}
        layout = plan(hosts, "a-r", "r-b").layout
        assert routes(layout, "a") == [
            "10.2.0.1/32 eth0 via 10.1.0.1",
            "0.0.0.0/0 eth0 via 10.1.0.1",
            "::/0 eth0 via fd01::1",
        ]

    def test_so_are_routes_but_who_is_linked_is_reached(self) -> None:
        own = HostPlan(
            (ip_interface("172.16.0.1/24"),),
            routes=((ip_network("10.0.0.0/8"), ip_address("10.1.0.1")),),
        )
        layout = plan({**self.HOSTS, "a": own}, "r-b", "a-r").layout
        assert routes(layout, "a") == [
            "10.1.0.1/32 eth0",
            "10.2.0.1/32 eth0",
            "fd01::1/128 eth0",
            "10.0.0.0/8 eth0",
        ]

    def test_a_gateway_that_no_link_leads_to(self) -> None:
        hosts = {**self.HOSTS, "a": host("10.1.0.2/24", via="10.3.0.1")}
        with pytest.raises(ConfigError) as caught:
            _ = plan(hosts, "a-r", "r-b").layout
        assert str(caught.value) == (
            'a.gateway = "10.3.0.1": no link of this host leads to this router: '
            "an address in 10.1.0.0/24"
        )
        with pytest.raises(ConfigError, match="an address in a subnet of its own"):
            _ = plan({"a": host(via="10.3.0.1")}).layout


@st.composite
def forests(draw: st.DrawFn) -> Plan:
    """A tree of hosts in which all that are not leaves forward; numbered, unnumbered or mixed."""
    count = draw(st.integers(2, 9))
    parents = [draw(st.integers(0, index - 1)) for index in range(1, count)]
    numbered = [draw(st.sampled_from(["shared", "none", "same"])) for _ in parents]
    addresses: dict[int, list[str]] = {index: [f"172.16.{index}.1/32"] for index in range(count)}
    for child, (parent, kind) in enumerate(zip(parents, numbered, strict=True), start=1):
        if kind == "shared":
            addresses[parent].append(f"10.{child}.0.1/24")
            addresses[child].append(f"10.{child}.0.2/24")
            addresses[child].append(f"fd{child:02}::2/64")
            addresses[parent].append(f"fd{child:02}::1/64")
        elif kind == "same":
            addresses[child].append(f"192.168.0.{child + 1}/24")
    hosts = {f"h{i}": host(*addresses[i], forward=i in parents) for i in range(count)}
    cables = [f"h{child}-h{parent}" for child, parent in enumerate(parents, start=1)]
    return plan(hosts, *draw(st.permutations(cables)))


@given(forests())
def test_in_a_tree_every_host_reaches_every_address(built: Plan) -> None:
    layout = built.layout
    for start in built.hosts:
        for end, one in built.hosts.items():
            for address in one.addresses:
                assert walk(built, layout, start, address.ip)[-1] == end


@given(forests())
def test_the_same_plan_has_the_same_routes(built: Plan) -> None:
    assert replace(built).layout == built.layout


class TestWhatIsBehindAnEndOutside:
    """As a tunnel's device leads to what its peers have."""

    def plan(self, **hosts: HostPlan) -> Plan:
        """Hosts in a row, the last of which has an end outside behind which 10.8.0.0/16 is."""
        cables = [f"{one}-{other}" for one, other in pairwise(hosts)]
        built = plan(hosts, *cables, f"{list(hosts)[-1]}-tunnel")
        return replace(built, behind={"tunnel": (ip_network("10.8.0.0/16"),)})

    def test_the_host_that_is_linked_to_it_reaches_it(self) -> None:
        layout = self.plan(laptop=host("10.0.0.2/32")).layout
        assert routes(layout, "laptop") == ["10.8.0.0/16 eth0"]

    def test_others_reach_it_by_a_router(self) -> None:
        layout = self.plan(
            laptop=host("10.0.0.2/24"), router=host("10.0.0.1/24", forward=True)
        ).layout
        assert routes(layout, "laptop") == ["10.8.0.0/16 eth0 via 10.0.0.1"]

    def test_and_not_by_a_host_that_forwards_nothing(self) -> None:
        layout = self.plan(laptop=host("10.0.0.2/24"), other=host("10.0.0.1/24")).layout
        assert routes(layout, "laptop") == []

    def test_what_no_router_of_its_family_leads_to_has_no_route(self) -> None:
        hosts = {"laptop": host("10.0.0.2/24"), "router": host("10.0.0.1/24", forward=True)}
        built = plan(hosts, "laptop-lan", "router-lan", "router-tunnel", switches=("lan",))
        behind = {"tunnel": (ip_network("fd00::/64"),)}
        assert routes(replace(built, behind=behind).layout, "laptop") == []
