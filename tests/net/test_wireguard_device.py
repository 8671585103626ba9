"""Tunnels in a network: how hosts behind a device find what is behind its peers, and reach it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

import usernet
from usernet.config.host import HostConfig
from usernet.config.keys import PrivateKey, PublicKey
from usernet.config.wireguard import Endpoint, Peer, UdpSocket, WireGuard
from usernet.engine.keys import public_key
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.net.wireguard_device import WireGuardDevice

ADDRESSES = ("192.0.2.1", "192.0.2.2")
ONE, OTHER = PrivateKey(b"\1" * 32), PublicKey(b"\2" * 32)


def device(*allowed: str, mtu: int = 1420, endpoint: str = "192.0.2.1:51820") -> WireGuard:
    subnets = tuple(map(ip_network, allowed))
    return WireGuard(ONE, (Peer(OTHER, Endpoint.parse(endpoint), subnets),), mtu=mtu)


def routes(net: usernet.Network, host: str) -> list[str]:
    config = net.topology.apps[host]
    assert isinstance(config, HostConfig)
    return [f"{one.to} {one.interface} {one.via or ''}".strip() for one in config.routes]


A, B = PrivateKey(b"\x08" + b"\1" * 30 + b"\x40"), PrivateKey(b"\x08" + b"\2" * 30 + b"\x40")


async def upload(client: usernet.Host, server: usernet.Host, size: int) -> int:
    """Send so many bytes; how many the server has got."""
    got: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result(len(await reader.read()))
        writer.close()

    await server.start_server(serve, port=80)
    _, writer = await client.open_connection(server.name, 80)
    writer.write(bytes(size))
    writer.write_eof()
    received = await got
    writer.close()
    return received


def two_devices(net: usernet.Network) -> tuple[WireGuardDevice, WireGuardDevice]:
    """Devices of two hosts that are each other's peers, behind which the hosts are."""
    here, there = net.host("here", "10.0.0.1/24"), net.host("there", "10.0.0.2/24")
    first = Peer(public_key(B), Endpoint.parse("192.0.2.2:1"), (ip_network("10.0.0.2/32"),))
    second = Peer(public_key(A), None, (ip_network("10.0.0.1/32"),))
    one = net.wireguard("wg-a", WireGuard(A, (first,), port=1, address=ip_address("192.0.2.1")))
    other = net.wireguard("wg-b", WireGuard(B, (second,), port=1, address=ip_address("192.0.2.2")))
    net.link(here, one.inside)
    net.link(there, other.inside)
    return one, other


class TestVirtualTime:
    def test_two_hosts_two_devices_and_a_bad_line(self) -> None:
        async def main() -> tuple[int, float]:
            async with usernet.Network() as net:
                one, other = two_devices(net)
                line = net.link(one.outside, other.outside, delay="20ms", loss="2%", rate="50mbit")
                received = await upload(net.hosts["here"], net.hosts["there"], 1_000_000)
                assert line.statistics().up.dropped["loss"] > 5
                (peer,) = other.status().peers
                assert peer.endpoint == "192.0.2.1:1"
                assert peer.received > 1_000_000
                assert peer.latest_handshake is not None
                return received, asyncio.get_running_loop().time()

        first, again = (usernet.simulate(main(), seed=7) for _ in range(2))
        assert first == again
        assert first[0] == 1_000_000
        assert first[1] > 1_000_000 * 8 / 50e6

    def test_the_wire_between_may_be_a_router_and_its_links(self) -> None:
        async def main() -> int:
            async with usernet.Network() as net:
                one, other = two_devices(net)
                router = net.host("router", "192.0.2.254/32", forward=True)
                for device in (one, other):
                    net.link(router, device.outside, delay="5ms")
                return await upload(net.hosts["here"], net.hosts["there"], 10_000)

        assert usernet.simulate(main()) == 10_000

    def test_a_wrong_key_is_dropped_and_counted(self) -> None:
        async def main() -> None:
            async with usernet.Network() as net:
                one, other = two_devices(net)
                other.configure(WireGuard(PrivateKey(bytes(31) + b"\x40")))
                net.link(one.outside, other.outside)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(net.hosts["here"].open_connection("there", 80), 5)
                assert one.status().peers[0].latest_handshake is None
                assert other.status().dropped["not_ours"] > 0

        usernet.simulate(main())


class TestHostBehindATunnel:
    def test_it_reaches_what_the_peers_have_and_sends_what_fits(self) -> None:
        net = usernet.Network()
        host = net.host("laptop", "10.0.0.2/24", "fd00::2/64")
        wg = net.wireguard("wg0", device("10.0.0.0/24", "10.8.0.0/16", "::/0", mtu=1400))
        net.link(host, wg.inside)
        assert routes(net, "laptop") == ["10.8.0.0/16 eth0", "::/0 eth0"]
        config = net.topology.apps["laptop"]
        assert isinstance(config, HostConfig)
        (interface,) = config.interfaces
        assert interface.mtu == 1400
        assert [str(one) for one in interface.addresses] == ["10.0.0.2/24", "fd00::2/64"]

    def test_hosts_behind_a_router_that_has_a_tunnel_reach_it_by_the_router(self) -> None:
        net = usernet.Network()
        net.host("router", "192.168.0.1/24", "10.0.0.1/32", forward=True)
        net.host("laptop", "192.168.0.2/24")
        net.host("plain", "192.168.1.1/24", "192.168.0.3/24")
        net.host("far", "192.168.1.2/24")
        wg = net.wireguard("wg0", device("10.8.0.0/16"))
        for first, second in (("laptop", "router"), ("plain", "router"), ("far", "plain")):
            net.link(first, second)
        net.link("router", wg.inside)
        assert "10.8.0.0/16 eth0 192.168.0.1" in routes(net, "laptop")
        assert not any("10.8" in route for route in routes(net, "far"))

    def test_other_allowed_ips_are_other_routes(self) -> None:
        net = usernet.Network()
        net.host("laptop", "10.0.0.2/32")
        wg = net.wireguard("wg0", device("10.8.0.0/16"))
        net.link("laptop", "wg0.inside")
        wg.configure(device("10.9.0.0/16"))
        assert routes(net, "laptop") == ["10.9.0.0/16 eth0"]
        assert wg.config.peers[0].allowed_ips == (ip_network("10.9.0.0/16"),)


class TestLinks:
    def test_both_sides_are_ports_both_ways(self) -> None:
        net = usernet.Network()
        wg = net.wireguard("wg0", device("10.8.0.0/16"))
        net.link(wg.outside, UdpSocket(port=51820), name="line")
        net.link(net.host("laptop", "10.0.0.2/32"), wg.inside, name="in")
        texts = {str(link) for link in net.topology.links}
        assert {
            "wg0.outside -> line/up:sent.rx",
            "line/up:received.tx -> udp.rx",
            "udp.tx -> line/down:sent.rx",
            "line/down:received.tx -> wg0.outside",
            "laptop.eth0 -> in/up:sent.rx",
            "in/up:received.tx -> wg0.inside",
        } <= texts

    def test_a_wire_joins_its_ends_as_they_are(self) -> None:
        net = usernet.Network(pcap="no-such-folder/x.pcapng")
        wg = net.wireguard("wg0", device("10.8.0.0/16"))
        net.wire(wg.outside, UdpSocket())
        net.wire(net.host("laptop", "10.0.0.2/32"), wg.inside)
        assert {str(link) for link in net.topology.links} == {
            "wg0.outside -> udp.rx",
            "udp.tx -> wg0.outside",
            "laptop.eth0 -> wg0.inside",
            "wg0.inside -> laptop.eth0",
        }
        assert not net.links
        assert routes(net, "laptop") == ["10.8.0.0/16 eth0"]

    def test_each_socket_has_a_name_of_its_own(self) -> None:
        net = usernet.Network()
        for name in ("a", "b"):
            net.link(net.wireguard(name, device()).outside, UdpSocket())
        assert {"udp", "udp-2"} < net.topology.apps.keys()

    def test_a_device_of_another_network_is_refused(self) -> None:
        other = usernet.Network().wireguard("wg0", device())
        net = usernet.Network()
        with pytest.raises(ConfigError, match="a device of another network"):
            net.link(net.host("laptop", "10.0.0.2/32"), other.inside)

    def test_a_device_has_no_end_but_its_sides(self) -> None:
        net = usernet.Network()
        net.wireguard("wg0", device())
        net.host("laptop", "10.0.0.2/32")
        with pytest.raises(ConfigError, match=r"wg0\.inside, wg0\.outside"):
            net.link("laptop", "wg0")

    def test_an_endpoint_is_numeric(self) -> None:
        with pytest.raises(ConfigError, match="a name, which the engine does not look up"):
            usernet.Network().wireguard("wg0", device(endpoint="vpn.example.org:1"))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_capture_has_the_wire_outside(tmp_path: Path) -> None:
    path = tmp_path / "outside.pcapng"
    net = usernet.Network(pcap=path)
    client, server = net.host("client", "10.0.0.2/24"), net.host("server", "10.0.0.1/24")
    (key, other), (here, there) = (PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)), ADDRESSES
    one = Peer(public_key(other), Endpoint(there, 51820), (ip_network("10.0.0.1/32"),))
    two = Peer(public_key(key), None, (ip_network("10.0.0.2/32"),))
    first = net.wireguard("one", WireGuard(key, (one,), 1420, 51820, ip_address(here)))
    second = net.wireguard("two", WireGuard(other, (two,), 1420, 51820, ip_address(there)))
    net.wire(client, first.inside)
    net.wire(server, second.inside)
    net.link(first.outside, second.outside, rtt="20ms")

    async def main() -> None:
        async with net:
            await client.ping("10.0.0.1", count=1)

    usernet.simulate(main())
    fields = ("ip.src", "ip.dst", "udp.srcport", "udp.dstport", "udp.checksum.status", "wg.type")
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=,"]
    command += ["-o", "udp.check_checksum:TRUE"]
    for field in fields:
        command += ["-e", field]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    # Each packet is there twice: as it enters the line, and as it leaves.
    assert sorted(set(told)) == sorted(
        f"{source},{destination},51820,51820,1,{kind}"
        for source, destination, kind in (
            (here, there, 1),
            (there, here, 2),
            (here, there, 4),
            (there, here, 4),
        )
    )


class TestPeersThatComeAndGo:
    SERVER = PrivateKey(b"\3" * 32)

    def network(self) -> tuple[usernet.Network, WireGuardDevice]:
        """A client that knows the server, and a server that knows nobody."""
        net = usernet.Network()
        client, server = net.host("client", "10.0.0.2/24"), net.host("server", "10.0.0.1/24")
        known = Peer(
            public_key(self.SERVER), Endpoint("192.0.2.1", 51820), (ip_network("10.0.0.1/32"),)
        )
        one = net.wireguard("one", WireGuard(ONE, (known,), address=ip_address("192.0.2.2")))
        other = net.wireguard("other", WireGuard(self.SERVER))
        net.wire(client, one.inside)
        net.wire(server, other.inside)
        net.link(one.outside, other.outside, rtt="20ms")
        return net, other

    def test_a_stranger_is_answered_once_somebody_knows_it(self) -> None:
        net, device = self.network()
        asked: list[PublicKey] = []

        def find(key: PublicKey) -> Peer | None:
            asked.append(key)
            return Peer(key, None, (ip_network("10.0.0.2/32"),))

        async def main() -> None:
            async with net:
                device.answer_strangers(find)
                result = await net.hosts["client"].ping("10.0.0.1", count=2)
                assert result.received == 2
                (peer,) = device.status().peers
                assert (peer.public_key, peer.endpoint) == (public_key(ONE), "192.0.2.2:0")
                assert device.remove_peer(peer.public_key)
                assert not device.remove_peer(peer.public_key)
                assert device.status().peers == ()

        usernet.simulate(main())
        assert asked == [public_key(ONE)]

    def test_nobody_is_answered_whom_nobody_knows(self) -> None:
        net, device = self.network()
        asked: list[PublicKey] = []

        async def main() -> None:
            async with net:
                device.answer_strangers(asked.append)
                await net.hosts["client"].ping("10.0.0.1", count=1, timeout=12)
                assert device.status().peers == ()
                assert device.status().dropped["handshake"] == 3

        usernet.simulate(main())
        assert asked == [public_key(ONE)] * 3

    def test_who_is_known_later_is_answered_while_its_call_waits(self) -> None:
        net, device = self.network()

        async def main() -> None:
            async with net:
                device.answer_strangers(lambda _: None)
                async with asyncio.TaskGroup() as group:
                    ping = group.create_task(net.hosts["client"].ping("10.0.0.1", count=1))
                    await asyncio.sleep(3)
                    device.set_peer(Peer(public_key(ONE), None, (ip_network("10.0.0.0/24"),)))
                assert ping.result().received == 1

        usernet.simulate(main())
