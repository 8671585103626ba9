"""The wire: what meters say of links and of hosts, when there are several of both."""

from __future__ import annotations

import asyncio

from usernet.net.network import Network

from .lines import count_bytes, simulated, upload


def routed() -> Network:
    """Two clients, a router, and a server behind it."""
    net = Network(seed=3)
    net.host("a", "10.0.1.2/24")
    net.host("b", "10.0.2.2/24")
    net.host("router", "10.0.1.1/24", "10.0.2.1/24", "10.0.3.1/24", forward=True)
    net.host("server", "10.0.3.2/24")
    net.link("a", "router", delay="5ms", loss="5%", rate="20mbit")
    net.link("b", "router", delay="5ms")
    net.link("router", "server", delay="5ms")
    return net


def test_each_pair_of_hosts_has_a_flow_of_its_own() -> None:
    async def body() -> None:
        async with routed() as net:
            await net.hosts["server"].start_server(count_bytes, port=80)
            assert await upload(net.hosts["a"], "server", 200_000) == 200_000
            assert await upload(net.hosts["b"], "server", 50_000) == 50_000
            await asyncio.sleep(1)  # the last acknowledgements arrive
            first, second = net.flow("a", "server"), net.flow("b", "server")
            assert first.data == 200_000
            assert second.data == 50_000
            assert first.dropped["loss"] > 0
            assert first.retransmissions > 0
            assert first.sent.packets == first.received.packets + first.dropped_total
            assert second.dropped_total == second.retransmissions == 0
            assert net.links["router-server"].up.flow.data == 250_000
            assert net.flow("server", "a").data == len("200000")

    simulated(body)


def test_hosts_that_did_not_speak_have_an_empty_flow() -> None:
    async def body() -> None:
        async with routed() as net:
            flow = net.flow("a", "b")
            assert flow.name == "a → b"
            assert flow.sent.packets == flow.received.packets == 0
            assert flow.goodput == 0
            assert flow.moments == ()

    simulated(body)


def test_changes_of_the_links_on_the_way_are_its_moments() -> None:
    async def body() -> None:
        async with routed() as net:
            await net.hosts["server"].start_server(count_bytes, port=80)
            await upload(net.hosts["a"], "server", 1000)
            net.links["a-router"].up.set(loss="50%")
            net.links["b-router"].cut()
            net.links["router-server"].down.cut()
            flow = net.flow("a", "server")
            assert [(one.text, one.is_cut) for one in flow.moments] == [
                ("up delay=5ms loss=50% rate=20mbit, down delay=5ms loss=5% rate=20mbit", False),
                ("up delay=5ms, down delay=5ms down", True),
            ]
            up = net.links["router-server"].up.flow
            assert up.moments == ()
            assert up.name == "router → server"
            assert net.links["router-server"].down.flow.name == "router ← server"

    simulated(body)
