"""Addressing: where the addresses of hosts go, from how hosts are linked."""

from __future__ import annotations

from ipaddress import ip_interface

import pytest

from usernet.config.addressing import UNLINKED, Cable, HostPlan, Layout, Plan
from usernet.errors import ConfigError


def host(*addresses: str, mtu: int | None = None, forward: bool = False) -> HostPlan:
    return HostPlan(tuple(map(ip_interface, addresses)), mtu=mtu, forward=forward)


def plan(hosts: dict[str, HostPlan], *cables: Cable, switches: tuple[str, ...] = ()) -> Plan:
    built = Plan()
    for name, one in hosts.items():
        built = built.with_host(name, one)
    for switch in switches:
        built = built.with_switch(switch)
    for cable in cables:
        built = built.with_cable(cable)
    return built


def addresses(layout: Layout, name: str) -> dict[str, list[str]]:
    """The addresses of each interface of a host."""
    interfaces = layout.hosts[name].interfaces
    return {one.name: [address.with_prefixlen for address in one.addresses] for one in interfaces}


AB = Cable("ab", "a", "b")


class TestAddresses:
    def test_two_hosts_that_share_a_subnet(self) -> None:
        layout = plan(
            {"a": host("10.0.0.1/24", "fd00::1/64"), "b": host("10.0.0.2/24", "fd00::2/64")}, AB
        ).layout
        assert addresses(layout, "a") == {"eth0": ["10.0.0.1/24", "fd00::1/64"]}
        assert addresses(layout, "b") == {"eth0": ["10.0.0.2/24", "fd00::2/64"]}
        assert layout.interfaces == {("ab", "a"): "eth0", ("ab", "b"): "eth0"}

    def test_each_address_belongs_to_the_link_that_shares_its_subnet(self) -> None:
        hosts = {
            "r": host("10.1.0.1/24", "10.2.0.1/24", "fd02::1/64"),
            "a": host("10.1.0.2/24"),
            "b": host("10.2.0.2/24", "fd02::2/64"),
        }
        layout = plan(hosts, Cable("ra", "r", "a"), Cable("rb", "r", "b")).layout
        assert addresses(layout, "r") == {
            "eth0": ["10.1.0.1/24"],
            "eth1": ["10.2.0.1/24", "fd02::1/64"],
        }

    def test_one_subnet_on_several_links_of_a_host(self) -> None:
        hosts = {"s": host("10.0.0.1/24"), "a": host("10.0.0.2/24"), "b": host("10.0.0.3/24")}
        layout = plan(hosts, Cable("sa", "s", "a"), Cable("sb", "s", "b")).layout
        assert addresses(layout, "s") == {"eth0": ["10.0.0.1/24"], "eth1": []}
        assert addresses(layout, "b") == {"eth0": ["10.0.0.3/24"]}

    def test_without_a_shared_subnet_a_link_is_unnumbered(self) -> None:
        layout = plan({"a": host("10.0.0.1/24"), "b": host("10.0.1.1/16")}, AB).layout
        assert addresses(layout, "a") == {"eth0": [], UNLINKED: ["10.0.0.1/32"]}
        assert addresses(layout, "b") == {"eth0": [], UNLINKED: ["10.0.1.1/32"]}

    def test_what_no_link_leads_to_is_reached_all_the_same(self) -> None:
        service = "192.0.2.1/24"
        layout = plan({"a": host("10.0.0.1/24", service), "b": host("10.0.0.2/24")}, AB).layout
        assert addresses(layout, "a") == {"eth0": ["10.0.0.1/24"], UNLINKED: ["192.0.2.1/32"]}
        assert addresses(plan({"a": host(service)}).layout, "a") == {UNLINKED: ["192.0.2.1/32"]}

    def test_a_host_without_addresses_has_interfaces(self) -> None:
        layout = plan({"a": host(), "b": host("10.0.0.2/24")}, AB).layout
        assert addresses(layout, "a") == {"eth0": []}


class TestOutside:
    def test_addresses_go_to_the_link_that_leads_outside(self) -> None:
        layout = plan({"a": host("10.0.0.1/24", "fd00::1/64")}, Cable("at", "a", "tun")).layout
        assert addresses(layout, "a") == {"eth0": ["10.0.0.1/24", "fd00::1/64"]}
        assert layout.interfaces == {("at", "a"): "eth0"}

    def test_several_links_outside_get_them_in_order(self) -> None:
        one = host("10.1.0.1/24", "fd01::1/64", "10.2.0.1/24", "10.3.0.1/24")
        layout = plan({"a": one}, Cable("x", "a", "tun0"), Cable("y", "tun1", "a")).layout
        assert addresses(layout, "a") == {
            "eth0": ["10.1.0.1/24", "fd01::1/64"],
            "eth1": ["10.2.0.1/24", "10.3.0.1/24"],
        }

    def test_what_hosts_share_stays_between_them(self) -> None:
        hosts = {"r": host("10.0.0.1/24", "192.168.0.1/24"), "a": host("10.0.0.2/24")}
        layout = plan(hosts, Cable("out", "r", "tap"), Cable("ra", "r", "a")).layout
        assert addresses(layout, "r") == {"eth0": ["192.168.0.1/24"], "eth1": ["10.0.0.1/24"]}


class TestSwitches:
    def test_everybody_on_a_lan_shares_its_subnet(self) -> None:
        hosts = {"a": host("10.0.0.1/24"), "b": host("10.0.0.2/24"), "c": host("10.0.0.3/24")}
        cables = [Cable(name, name, "lan", medium="ethernet") for name in hosts]
        layout = plan(hosts, *cables, switches=("lan",)).layout
        for name in hosts:
            (interface,) = layout.hosts[name].interfaces
            assert interface.medium == "ethernet"
            assert [str(one) for one in interface.addresses] == [str(hosts[name].addresses[0])]

    def test_linked_switches_are_one_lan(self) -> None:
        hosts = {
            "a": host("10.0.0.1/24", "10.9.0.1/24"),
            "b": host("10.0.0.2/24"),
            "c": host("10.9.0.3/24"),
        }
        cables = (
            Cable("as", "a", "s1"),
            Cable("bs", "b", "s3"),
            Cable("s12", "s1", "s2"),
            Cable("s34", "s3", "s4"),
            Cable("s23", "s2", "s3"),
            Cable("ac", "a", "c"),
        )
        layout = plan(hosts, *cables, switches=("s1", "s2", "s3", "s4", "s5")).layout
        assert addresses(layout, "a") == {"eth0": ["10.0.0.1/24"], "eth1": ["10.9.0.1/24"]}
        assert addresses(layout, "b") == {"eth0": ["10.0.0.2/24"]}

    def test_one_who_shares_nothing_keeps_its_subnet(self) -> None:
        hosts = {"a": host("10.0.0.1/24"), "b": host("10.0.0.2/24", "10.5.0.2/24")}
        cables = [Cable(name, name, "lan") for name in hosts]
        layout = plan(hosts, *cables, switches=("lan",)).layout
        assert addresses(layout, "b") == {"eth0": ["10.0.0.2/24", "10.5.0.2/24"]}

    def test_two_ports_on_one_lan(self) -> None:
        cables = (Cable("x", "a", "lan"), Cable("y", "a", "lan"), Cable("z", "b", "lan"))
        hosts = {"a": host("10.0.0.1/24"), "b": host("10.0.0.2/24")}
        layout = plan(hosts, *cables, switches=("lan",)).layout
        assert addresses(layout, "a") == {"eth0": ["10.0.0.1/24"], "eth1": []}
        alone = plan({"a": hosts["a"]}, *cables[:2], switches=("lan",)).layout
        assert addresses(alone, "a") == {"eth0": ["10.0.0.1/24"], "eth1": []}


class TestMtu:
    def test_the_link_has_the_last_word(self) -> None:
        hosts = {"a": host("10.0.0.1/24", mtu=9000), "b": host("10.0.0.2/24")}
        cables = (AB, Cable("ab2", "a", "b", mtu=1400))
        layout = plan(hosts, *cables).layout
        assert [one.mtu for one in layout.hosts["a"].interfaces] == [9000, 1400]
        assert [one.mtu for one in layout.hosts["b"].interfaces] == [1500, 1400]

    def test_an_impossible_one_is_named(self) -> None:
        hosts = {"a": host("fd00::1/64"), "b": host("fd00::2/64", mtu=1000)}
        with pytest.raises(ConfigError, match=r"^b\.eth0\.mtu = 1000: too small an MTU for IPv6"):
            _ = plan(hosts, AB).layout


class TestRefusals:
    def test_two_hosts_with_one_address(self) -> None:
        before = plan({"a": host("10.0.0.1/24")})
        with pytest.raises(ConfigError) as caught:
            before.with_host("b", host("10.0.0.2/24", "10.0.0.1/8"))
        message = 'b.addresses = "10.0.0.1/8": the host a has this address'
        assert str(caught.value) == message

    def test_an_address_twice(self) -> None:
        with pytest.raises(ConfigError, match=r'a\.addresses = "10\.0\.0\.1/8": given twice'):
            plan({"a": host("10.0.0.1/24", "10.0.0.1/8")})

    def test_a_host_that_is_replaced_leaves_its_addresses(self) -> None:
        built = plan({"a": host("10.0.0.1/24")}).with_host("a", host("10.0.0.2/24"))
        assert dict(built.with_host("b", host("10.0.0.1/24")).owners) == {
            ip_interface("10.0.0.2/24").ip: "a",
            ip_interface("10.0.0.1/24").ip: "b",
        }

    def test_a_link_to_nowhere(self) -> None:
        built = plan({"server": host(), "a": host()}, Cable("t", "a", "tun"), switches=("lan",))
        assert [built.end(name) for name in ("server", "lan", "tun")] == ["server", "lan", "tun"]
        with pytest.raises(ConfigError, match=r"link: unknown end 'sevrer': did you mean server\?"):
            built.end("sevrer")
        with pytest.raises(ConfigError, match="unknown end 'a': one of no host at all yet"):
            Plan().end("a")

    def test_a_link_of_a_name_that_is_taken(self) -> None:
        with pytest.raises(ConfigError, match='link = "ab": there is a link of that name'):
            plan({"a": host(), "b": host()}, AB, AB)

    def test_a_link_to_itself(self) -> None:
        with pytest.raises(ConfigError, match='link = "a": a link from an end to itself'):
            plan({"a": host()}, Cable("aa", "a", "a"))
