from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import usernet

if TYPE_CHECKING:
    from usernet.config.echo import EchoAnswer

FAR = {4: "10.0.2.1", 6: "fd00:2::1"}


def routed(net: usernet.Network) -> usernet.Host:
    """A host, two routers behind each other, and a server behind these; each line takes 5 ms."""
    gateway = ("10.0.1.2", "fd00:1::2")
    here = net.host("here", "10.0.1.1/24", "fd00:1::1/64", gateway=gateway)
    one = net.host(
        "one", "10.0.1.2/24", "fd00:1::2/64", "10.0.9.1/24", "fd00:9::1/64", forward=True
    )
    two = net.host(
        "two", "10.0.9.2/24", "fd00:9::2/64", "10.0.2.2/24", "fd00:2::2/64", forward=True
    )
    far = net.host("far", "10.0.2.1/24", "fd00:2::1/64")
    for first, second in ((here, one), (one, two), (two, far)):
        net.link(first, second, delay="5ms")
    return here


@pytest.mark.parametrize("version", [4, 6])
def test_a_path_is_found_by_rising_hop_limits(version: int) -> None:
    async def main() -> list[EchoAnswer]:
        async with usernet.Network() as net:
            here = routed(net)
            return [await here.probe(FAR[version], hop_limit=hops) for hops in (1, 2, 3)]

    answers = usernet.simulate(main(), seed=1)
    routers = {4: ["10.0.1.2", "10.0.9.2"], 6: ["fd00:1::2", "fd00:9::2"]}
    assert [one.source for one in answers] == [*routers[version], FAR[version]]
    assert [one.is_reply for one in answers] == [False, False, True]
    assert [one.is_too_far for one in answers] == [True, True, False]
    assert [one.seconds for one in answers] == pytest.approx([0.01, 0.02, 0.03])
    assert [one.hop_limit for one in answers] == [64, 63, 62]
    said = {4: "Time to live exceeded", 6: "Time exceeded: Hop limit"}
    assert answers[0].said == said[version]


def test_an_error_ends_a_path_and_silence_a_wait() -> None:
    async def main() -> EchoAnswer:
        async with usernet.Network() as net:
            here = routed(net)
            with pytest.raises(TimeoutError):
                await here.probe("10.0.1.9", timeout=1)
            net.links["two-far"].down.set(loss="100%")
            with pytest.raises(TimeoutError):
                await here.probe("far", timeout=1)
            return await here.probe("192.0.2.1")

    answer = usernet.simulate(main(), seed=1)
    assert (answer.mark, answer.said) == ("!N", "Destination Net Unreachable")


@pytest.mark.parametrize("version", [4, 6])
def test_a_datagram_is_answered_by_who_drops_it_and_by_who_gets_it(version: int) -> None:
    async def main() -> list[EchoAnswer]:
        async with usernet.Network() as net:
            here = routed(net)
            await net.hosts["far"].create_datagram_endpoint(Answering, ("::", 53))
            path = [await here.probe(FAR[version], hop_limit=hops, port=9) for hops in (1, 2, 3)]
            return [*path, await here.probe(FAR[version], port=53)]

    answers = usernet.simulate(main(), seed=1)
    routers = {4: ["10.0.1.2", "10.0.9.2"], 6: ["fd00:1::2", "fd00:9::2"]}
    assert [one.source for one in answers] == [*routers[version], FAR[version], FAR[version]]
    assert [one.is_too_far for one in answers] == [True, True, False, False]
    assert [one.is_at_the_end for one in answers] == [False, False, True, True]
    assert [one.is_reply for one in answers] == [False, False, False, True]
    assert [one.seconds for one in answers] == pytest.approx([0.01, 0.02, 0.03, 0.03])


class Answering(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)
