"""The far end of tunnels, as data: what peers reach, and what its graph joins."""

from __future__ import annotations

from usernet.config.link import Link
from usernet.engine.keys import generate, public_key
from usernet.net.emulation import topology
from usernet.programs.far_end import FarEnd
from usernet.programs.published import published_to_peer
from usernet.sandbox.resolver import Resolver
from usernet.wireguard.file import loads

RESOLVER = Resolver(("127.0.0.53",))
CONFIG = loads(
    "[Interface]\n"
    f"PrivateKey = {generate().reveal()}\n"
    "Address = 10.8.0.1/24, fd08::1/64\n"
    "[Peer]\n"
    f"PublicKey = {public_key(generate())}\n"
    "AllowedIPs = 10.8.0.2/32, fd08::2/128\n"
)


def gateway(end: FarEnd) -> dict[str, object]:
    return end.ends(51820, None).beyond.apps["gateway"].to_core()


def test_names_are_asked_for_at_its_own_addresses_and_the_loopback_is_shut() -> None:
    made = gateway(FarEnd(CONFIG, RESOLVER))
    assert made["addresses"] == ["10.8.0.1/24", "fd08::1/64"]
    assert made["redirects"] == [
        {"from": "10.8.0.1:53", "to": "127.0.0.53:53", "otherwise": None},
        {"from": "[fd08::1]:53", "to": "127.0.0.53:53", "otherwise": None},
    ]
    assert made["names"] == {}


def test_the_loopback_is_at_its_own_addresses_where_that_is_wished() -> None:
    made = gateway(FarEnd(CONFIG, RESOLVER, loopback=True))
    redirects = made["redirects"]
    assert isinstance(redirects, list)
    assert {"from": "10.8.0.1", "to": "127.0.0.1", "otherwise": "::1"} in redirects
    assert {"from": "fd08::1", "to": "::1", "otherwise": "127.0.0.1"} in redirects
    assert made["names"] == {"host.usernet": ["10.8.0.1", "fd08::1"]}


def test_the_line_is_between_the_peers_and_the_device() -> None:
    ends = FarEnd(CONFIG, RESOLVER).ends(51820, None)
    assert set(map(str, ends.beyond.links)) == {
        "second.inside -> peers/part.rx",
        "peers/part.0 -> peers/back.0",
        "peers/part.rest -> gateway.rx",
        "gateway.tx -> peers/back.1",
        "peers/back.tx -> second.inside",
    }
    links = topology(Link(), ends).links
    assert {one.from_port for one in links if one.from_app == "second"} == {"inside", "outside"}
    assert {one.from_port for one in links if one.from_app == "first"} == {"tx"}


def test_peers_reach_each_other_where_they_may() -> None:
    def part(end: FarEnd) -> object:
        return end.ends(1, None).beyond.apps["peers/part"].to_core()["programs"]

    alone = part(FarEnd(CONFIG, RESOLVER))
    together = part(FarEnd(CONFIG, RESOLVER, between_peers=True))
    assert alone == (((0x06, 0, 0, 0),),)
    assert together != alone


def test_ports_lead_to_peers() -> None:
    leads = (published_to_peer("8080:10.8.0.2:80"), published_to_peer("[::]:53:[fd08::2]:53/udp"))
    made = gateway(FarEnd(CONFIG, RESOLVER, leads))
    assert made["publish"] == [
        {"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "10.8.0.2:80"},
        {"protocol": "udp", "listen": "[::]:53", "to": "[fd08::2]:53"},
    ]
    assert made["masquerade"] is True
