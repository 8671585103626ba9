"""Hosts as data: what the core reads of one, and what is refused."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from usernet.config.apps import App, Sink
from usernet.config.host import HostConfig, InterfaceConfig, Route, Switch
from usernet.config.socket_options import SocketOptions
from usernet.errors import ConfigError

ETH0 = InterfaceConfig("eth0", (ip_interface("10.0.0.1/24"), ip_interface("fd00::1/64")))
WAY = Route(ip_network("0.0.0.0/0"), "eth0", ip_address("10.0.0.2"))


def test_a_host_as_the_core_reads_it() -> None:
    ethernet = InterfaceConfig("eth1", (), 9000, "ethernet", "02:00:00:00:00:01")
    straight = Route(ip_network("10.1.0.0/16"), "eth1")
    options = SocketOptions(congestion="reno")
    host = HostConfig((ETH0, ethernet), (WAY, straight), forward=True, options=options)
    assert json.loads(json.dumps(host.to_core())) == {
        "app": "host",
        "interfaces": {
            "eth0": {
                "addresses": ["10.0.0.1/24", "fd00::1/64"],
                "mtu": 1500,
                "medium": "ip",
                "mac": None,
            },
            "eth1": {
                "addresses": [],
                "mtu": 9000,
                "medium": "ethernet",
                "mac": "02:00:00:00:00:01",
            },
        },
        "routes": [
            {"to": "0.0.0.0/0", "via": "10.0.0.2", "interface": "eth0"},
            {"to": "10.1.0.0/16", "via": None, "interface": "eth1"},
        ],
        "forward": True,
        "options": options.to_core(),
        "sockets": 65536,
        "memory": 256 << 20,
    }


def test_a_host_keeps_its_sockets() -> None:
    assert HostConfig().keeps_state(HostConfig((ETH0,)))
    assert not HostConfig().keeps_state(Sink())


def test_a_switch() -> None:
    assert Switch().to_core() == {"app": "switch"}
    assert Switch().keeps_state(Switch())
    assert not Switch().keeps_state(HostConfig())


def test_both_are_apps() -> None:
    assert isinstance(HostConfig(), App)
    assert isinstance(Switch(), App)


def test_the_addresses_of_a_host() -> None:
    other = InterfaceConfig("eth1", (ip_interface("10.1.0.1/24"),))
    assert HostConfig((ETH0, other)).addresses == (
        ip_address("10.0.0.1"),
        ip_address("fd00::1"),
        ip_address("10.1.0.1"),
    )


@pytest.mark.parametrize(
    ("mtu", "mac", "message"),
    [
        (1279, None, "eth0.mtu = 1279: too small an MTU for IPv6: 1280 or more (RFC 8200)"),
        (1500, "2:0:0:0:0:1", 'eth0.mac = "2:0:0:0:0:1": no Ethernet address'),
    ],
)
def test_interfaces_refused(mtu: int, mac: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        InterfaceConfig("eth0", ETH0.addresses, mtu, "ip", mac)
    assert message in str(caught.value)


def test_a_small_mtu_is_enough_for_ipv4() -> None:
    assert InterfaceConfig("eth0", (ip_interface("10.0.0.1/24"),), 68).mtu == 68


def test_an_address_stands_once_on_a_host() -> None:
    other = InterfaceConfig("eth1", (ip_interface("10.0.0.1/32"),))
    with pytest.raises(ConfigError, match=r'addresses = "10\.0\.0\.1": given twice'):
        HostConfig((ETH0, other))


def test_interfaces_have_names_of_their_own() -> None:
    with pytest.raises(ConfigError, match='interfaces = "eth0": given twice'):
        HostConfig((ETH0, ETH0))


@pytest.mark.parametrize(("interfaces", "there"), [((ETH0,), "eth0"), ((), "none")])
def test_a_route_needs_its_interface(interfaces: tuple[InterfaceConfig, ...], there: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HostConfig(interfaces, (Route(WAY.to, "eth7"),))
    assert str(caught.value) == f'routes[0].interface = "eth7": no such interface: {there}'
