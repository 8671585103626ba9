"""Links of a network: what they do, how they change while they run, and what is told of them."""

from __future__ import annotations

import asyncio

import pytest

import usernet
from usernet.config.event import Event, Outage
from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.net.network import Network

from .lines import count_bytes, pair, send_for, simulated, upload

S = 1_000_000_000


class TestSet:
    def test_keys_are_for_both_directions_and_sides_for_one(self) -> None:
        link = pair(Network(), loss="1%").links["client-server"]
        link.set(delay="5ms", up="loss=2%")
        assert link.link == Link(
            Impairment(loss="2%", delay="5ms"), Impairment(loss="1%", delay="5ms")
        )
        link.set(loss=None, rtt="20ms")
        assert link.link == Link(Impairment(delay="10ms"), Impairment(delay="10ms"))

    def test_one_direction_is_set_by_itself(self) -> None:
        link = pair(Network()).links["client-server"]
        link.up.set(rate="1mbit")
        link.down.set(loss="1%")
        assert link.up.impairment == Impairment(rate="1mbit")
        assert link.down.impairment == Impairment(loss="1%")

    def test_what_is_wrong_changes_nothing(self) -> None:
        link = pair(Network(), loss="1%").links["client-server"]
        for wrong in ({"los": "1%"}, {"loss": "1"}, {"up": "queue=5packets"}):
            with pytest.raises(ConfigError):
                link.set(**wrong)
        with pytest.raises(ConfigError, match=r"up\.loss"):
            link.up.set(loss="1")
        assert link.link == Link(Impairment(loss="1%"), Impairment(loss="1%"))

    def test_a_change_holds_at_once(self) -> None:
        async def body() -> tuple[float, float]:
            async with pair(Network(), delay="10ms") as net:
                client = net.hosts["client"]
                (before,) = (await client.ping("server")).rtts
                net.links["client-server"].set(delay="30ms")
                (after,) = (await client.ping("server")).rtts
                return before, after

        before, after = simulated(body)
        assert before == pytest.approx(0.020, abs=1e-5)
        assert after == pytest.approx(0.060, abs=1e-5)


class TestCut:
    def test_a_cut_line_drops_everything_until_it_is_restored(self) -> None:
        async def body() -> list[int]:
            async with pair(Network(), delay="10ms") as net:
                client, link = net.hosts["client"], net.links["client-server"]
                received = []
                for change in (None, link.cut, link.restore, link.up.cut, link.up.restore):
                    if change is not None:
                        change()
                    received.append(len((await client.ping("server", timeout=1)).rtts))
                return received

        assert simulated(body) == [1, 0, 1, 0, 1]

    def test_what_was_set_is_there_again(self) -> None:
        link = pair(Network(), loss="1%").links["client-server"]
        link.cut()
        link.set(loss="2%")
        assert link.link == Link(Impairment(loss="2%"), Impairment(loss="2%")).cut(
            up=True, down=True
        )
        link.restore()
        assert link.link == Link(Impairment(loss="2%"), Impairment(loss="2%"))


class TestTimeline:
    SCENARIO = Scenario(
        Link(Impairment(delay="10ms"), Impairment(delay="10ms")),
        (Event(10 * S, Outage(5 * S)),),
    )

    def test_it_starts_when_the_network_does(self) -> None:
        async def body() -> list[tuple[int, int]]:
            async with Network() as net:
                net.host("a", "10.0.0.1/24")
                net.host("b", "10.0.0.2/24")
                await asyncio.sleep(100)
                net.link("a", "b", self.SCENARIO)
                seen = []
                for second in range(20):
                    await asyncio.sleep(1)
                    result = await net.hosts["a"].ping("b", timeout=0.5)
                    seen.append((second + 1, len(result.rtts)))
                return seen

        lost = [second for second, rtts in simulated(body) if not rtts]
        # Each ping takes a little more than a second while it is lost.
        assert lost[0] == 10
        assert 3 <= len(lost) <= 5

    def test_a_change_lies_over_it(self) -> None:
        async def body() -> list[Link]:
            async with Network() as net:
                net.host("a", "10.0.0.1/24")
                net.host("b", "10.0.0.2/24")
                link = net.link("a", "b", self.SCENARIO)
                await asyncio.sleep(1)
                link.set(delay="20ms")
                links = [link.link]
                for _ in range(2):
                    await asyncio.sleep(9.5)
                    links.append(link.link)
                assert [at // S for at, _ in link.history()] == [0, 1, 10, 15]
                return links

        plain = Link(Impairment(delay="20ms"), Impairment(delay="20ms"))
        assert simulated(body) == [plain, plain.cut(up=True, down=True), plain]

    def test_each_run_begins_it_anew(self) -> None:
        network = Network()
        network.host("a", "10.0.0.1/24")
        network.host("b", "10.0.0.2/24")
        link = network.link("a", "b", self.SCENARIO)
        for _ in range(2):
            network.advance("12s")
            assert link.up.impairment.down
            network.advance("12s")
            assert not link.up.impairment.down
            network.stop()

    def test_one_without_end_does_not_keep_a_program_waiting(self) -> None:
        endless = Scenario(Link(), (Event(S, Outage(S), 10 * S),))

        async def body() -> None:
            async with Network() as net:
                net.host("a", "10.0.0.1/24")
                net.host("b", "10.0.0.2/24")
                net.link("a", "b", endless)
                await asyncio.get_running_loop().create_future()

        with pytest.raises(usernet.DeadlockError):
            simulated(body)


class TestFlows:
    def test_flows_have_impairments_of_their_own(self) -> None:
        slow = Flow("ping", "icmp", Impairment(delay="100ms"))
        line = Link(Impairment(delay="10ms"), Impairment(delay="10ms"), (slow,))

        async def body() -> None:
            async with Network() as net:
                net.host("a", "10.0.0.1/24")
                net.host("b", "10.0.0.2/24")
                link = net.link("a", "b", line)
                (rtt,) = (await net.hosts["a"].ping("b")).rtts
                assert rtt == pytest.approx(0.1, abs=1e-5)
                assert link.statistics().flows["up/ping"].packets_out == 1
                assert link.statistics().up.packets_out == 0

        simulated(body)

    def test_what_happened_on_the_wire(self) -> None:
        async def body() -> None:
            async with pair(Network(seed=7), rtt="40ms", rate="10mbit", up="loss=1%") as net:
                client, link = net.hosts["client"], net.links["client-server"]
                await net.hosts["server"].start_server(count_bytes, port=80)
                assert await upload(client, "server", 2_000_000) == 2_000_000
                await asyncio.sleep(1)  # the last acknowledgement arrives
                flow = net.flow("client", "server")
                assert flow.data == 2_000_000
                assert "3mbit" <= flow.goodput <= "10mbit"
                assert flow.dropped["loss"] == link.statistics().up.dropped["loss"] > 0
                assert flow.retransmissions >= flow.dropped["loss"]
                assert flow.sent.packets == flow.received.packets + flow.dropped_total
                assert flow.sent.fresh == flow.received.fresh
                back = net.flow("server", "client")
                assert back.data == 7
                assert back.dropped_total == 0
                assert link.flow.data == 2_000_007
                assert link.up.flow == net.flow("client", "server")
                assert link.statistics().dropped_total == flow.dropped_total

        simulated(body)

    def test_recovery_after_a_cut(self) -> None:
        async def body() -> None:
            async with pair(Network(), rtt="40ms", rate="10mbit", queue="50ms") as net:
                link = net.links["client-server"]
                await net.hosts["server"].start_server(count_bytes, port=80)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(send_for(net.hosts["client"], "server", 20))
                    await asyncio.sleep(5)
                    link.cut()
                    assert not link.recovers(within="5s")
                    await asyncio.sleep(1)
                    link.restore()
                    early = link.recovers(within="5s")
                    assert "too early to tell" in early.reason
                    await asyncio.sleep(10)
                found = link.recovers(within="5s")
                assert found, found
                assert "9mbit" <= found.before <= "10mbit"
                assert found.took is not None
                assert found.took > "100ms"
                assert not link.recovers(within=0)
                assert net.flow("client", "server").recovers(within="5s").took == found.took

        simulated(body)


def test_it_is_shown_with_its_ends() -> None:
    link = pair(Network()).links["client-server"]
    assert repr(link) == "<NetworkLink client-server: client – server>"
    assert repr(link.down) == "<LinkDirection client-server/down>"
    assert link.ends == ("client", "server")
