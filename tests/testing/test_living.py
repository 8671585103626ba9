"""How an async test lives: in a loop of its own, or in one that somebody else has made."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from usernet.errors import EngineError
from usernet.net.current import host_or_none
from usernet.net.event_loop import EventLoop
from usernet.testing.living import LazyNetwork, Life

if TYPE_CHECKING:
    from usernet.net.network import Network


def two_hosts() -> LazyNetwork:
    network = LazyNetwork()
    network.host("a", "10.0.0.1/24")
    network.host("b", "10.0.0.2/24")
    network.link("a", "b", delay="10ms")
    return network


async def ping_b(network: Network) -> None:
    host = host_or_none()
    assert host is not None
    assert host.name == "a"
    (rtt,) = (await host.ping("b")).rtts
    assert 0.02 <= rtt < 1


class TestAlone:
    @pytest.mark.parametrize("virtual", [True, False])
    def test_it_runs_on_its_network_which_ends_with_it(self, virtual: bool) -> None:
        network = two_hosts()
        seen: list[bool] = []
        life = Life(network, 7, virtual, lambda: seen.append(network.is_running))
        life.run(ping_b, {"network": network})
        assert seen == [True]
        assert not network.is_running

    def test_it_ends_if_the_test_fails(self) -> None:
        async def fail() -> None:
            raise ValueError("on purpose")

        network = two_hosts()
        with pytest.raises(ValueError, match="on purpose"):
            Life(network, 7, True, lambda: None).run(fail, {})
        assert not network.is_running

    def test_without_a_network_there_is_no_host(self) -> None:
        async def body() -> None:
            assert host_or_none() is None
            await asyncio.sleep(3600)

        Life(None, 7, True, lambda: None).run(body, {})


class TestJoined:
    def test_in_a_loop_of_ours_it_goes_on_running(self) -> None:
        drawn: list[bytes] = []

        async def body(network: Network) -> None:
            await ping_b(network)
            drawn.append(os.urandom(8))

        for _ in range(2):
            network = two_hosts()
            joined = Life(network, 7, True, lambda: None).joined(body)
            assert joined.__name__ == "body"
            with asyncio.Runner(loop_factory=EventLoop) as runner:
                runner.run(joined(network=network))
                assert network.is_running
            network.stop()
        assert drawn[0] == drawn[1]

    def test_in_another_it_fails(self) -> None:
        network = two_hosts()
        joined = Life(network, 7, True, lambda: None).joined(ping_b)
        with pytest.raises(EngineError, match="and its loop is not: an async fixture"):
            asyncio.run(joined(network=network))

    def test_in_real_time_any_loop_will_do(self) -> None:
        network = two_hosts()
        asyncio.run(Life(network, 7, False, lambda: None).joined(ping_b)(network=network))
        network.stop()


class TestLazyNetwork:
    def test_it_starts_when_it_is_used_in_a_loop(self) -> None:
        async def main(network: LazyNetwork) -> None:
            assert not network.is_running
            await network.hosts["a"].ping("b")
            assert network.is_running

        network = two_hosts()
        with asyncio.Runner(loop_factory=EventLoop) as runner:
            runner.run(main(network))
        network.stop()

    def test_nothing_starts_without_one(self) -> None:
        with pytest.raises(EngineError, match="does not run"):
            _ = two_hosts().engine
        with pytest.raises(EngineError, match="does not run"):
            _ = two_hosts().bridge
