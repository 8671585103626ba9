"""Assemblies: a network of hosts at rest and running, in real and in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.errors import ConfigError, EngineError
from usernet.net.network import Network
from usernet.net.simulate import simulate

from .lines import count_bytes, pair, simulated, upload

if TYPE_CHECKING:
    from pathlib import Path


class TestChanges:
    def test_hosts_and_links_come_while_it_runs(self) -> None:
        async def body() -> None:
            async with Network() as net:
                server = net.host("server", "10.0.0.1/24")
                await server.start_server(count_bytes, port=80)
                for number in range(2, 6):
                    client = net.host(f"client{number}", f"10.0.0.{number}/24")
                    net.link(client, server, delay="1ms")
                    assert await upload(client, "server", 10_000) == 10_000
                assert net.statistics().generation == 6

        simulated(body)

    def test_many_that_come_together_are_one_change(self) -> None:
        async def body() -> None:
            async with Network() as net:
                net.switch("lan")
                for number in range(1, 50):
                    net.host(f"h{number}", f"10.0.0.{number}/24")
                    net.link(f"h{number}", "lan")
                assert (await net.hosts["h1"].ping("h49")).rtts
                assert net.statistics().generation == 2

        simulated(body)

    def test_one_may_come_before_what_it_needs(self) -> None:
        async def body() -> None:
            async with Network() as net:
                net.host("a", "10.1.0.2/24", gateway="10.1.0.1")
                with pytest.raises(ConfigError, match="no link of this host leads to this router"):
                    net.statistics()
                net.host("r", "10.1.0.1/24", "10.2.0.1/24", forward=True)
                net.host("b", "10.2.0.2/24")
                net.link("a", "r")
                net.link("r", "b")
                assert (await net.hosts["a"].ping("b")).rtts

        simulated(body)

    def test_in_real_time_they_are_there_when_the_program_next_waits(self) -> None:
        async def main() -> int:
            async with Network() as net:
                net.host("a", "10.0.0.1/24")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                return net.statistics().generation

        assert asyncio.run(main()) == 2

    def test_connections_outlive_them(self) -> None:
        async def body() -> None:
            async with pair(Network(), delay="1ms") as net:
                client, server = net.hosts["client"], net.hosts["server"]
                await server.start_server(count_bytes, port=80)
                reader, writer = await client.open_connection("server", 80)
                writer.write(b"before")
                net.link(net.host("other", "10.0.0.3/24"), "server")
                net.host("third", "10.9.0.1/24")
                writer.write(b"after")
                writer.write_eof()
                assert await reader.read() == b"11"

        simulated(body)

    def test_what_cannot_be_changes_nothing(self) -> None:
        async def body() -> None:
            async with pair(Network()) as net:
                before = net.topology
                with pytest.raises(ConfigError, match=r'x\.addresses = "10\.0\.0\.1/24"'):
                    net.host("x", "10.0.0.1/24")
                with pytest.raises(ConfigError, match="unknown end 'clint': did you mean client"):
                    net.link("clint", "server")
                with pytest.raises(ConfigError, match="los: unknown key"):
                    net.link("client", "server", los="1%")  # type: ignore[call-arg]
                assert net.topology == before
                assert list(net.hosts) == ["client", "server"]
                assert list(net.links) == ["client-server"]
                assert net.statistics().generation == 1

        simulated(body)

    def test_a_capture_goes_on_with_links_that_come_later(self, tmp_path: Path) -> None:
        path = tmp_path / "out.pcapng"

        async def body() -> int:
            async with pair(Network(pcap=path), delay="1ms") as net:
                await net.hosts["client"].ping("server")
                net.link(net.host("other", "10.0.0.3/24"), "server", delay="1ms")
                await net.hosts["other"].ping("server")
                written = net.statistics().apps["capture"]["written"]
                assert isinstance(written, int)
                return written

        assert simulated(body) == 4
        content = path.read_bytes()
        for name in (b"client-server/up", b"client-server/down", b"other-server/up"):
            assert name in content


class TestTime:
    def test_in_an_ordinary_loop_it_is_real(self) -> None:
        async def main() -> tuple[int, list[float]]:
            async with pair(Network(), delay="10ms") as net:
                count = 0
                await net.hosts["server"].start_server(count_bytes, port=80)
                count += await upload(net.hosts["client"], "server", 100_000)
                return count, list((await net.hosts["client"].ping("server")).rtts)

        count, rtts = asyncio.run(main())
        assert count == 100_000
        assert 0.020 <= rtts[0] < 1

    def test_in_real_time_the_recorder_looks_by_itself(self) -> None:
        async def main() -> int:
            async with pair(Network()) as net:
                net.record("1ms")
                before = len(net.recording().samples)
                while len(net.recording().samples) < before + 3:
                    await net.hosts["client"].ping("server")
                return len(net.recording().samples)

        assert asyncio.run(main()) >= 3

    def test_without_a_loop_virtual_time_passes_by_hand(self) -> None:
        network = pair(Network(), delay="1ms")
        network.record("10ms")
        for _ in range(5):
            network.advance("10ms")
        assert [one.time_ns // 10**6 for one in network.recording().samples] == [10, 20, 30, 40, 50]
        network.stop()

    def test_under_a_virtual_loop_it_shares_the_clock(self) -> None:
        async def body() -> list[int]:
            await asyncio.sleep(5)
            async with pair(Network()) as net:
                times = [net.engine.now()]
                await asyncio.sleep(3600)
                return [*times, net.engine.now()]

        assert simulated(body) == [0, 3600 * 10**9]

    def test_a_recorder_keeps_what_happened_meanwhile(self) -> None:
        async def body() -> list[int]:
            async with pair(Network(), rtt="40ms", rate="10mbit") as net:
                net.record("100ms", samples=100)
                await net.hosts["server"].start_server(count_bytes, port=80)
                await upload(net.hosts["client"], "server", 1_000_000)
                samples = net.recording().samples
                return [one.impairments["client-server/up"].bytes_out for one in samples]

        counted = simulated(body)
        assert 8 <= len(counted) <= 20
        assert counted == sorted(counted)
        assert counted[-1] > 1_000_000

    def test_clocks_do_not_mix(self) -> None:
        async def main(network: Network) -> None:
            async with network:
                pass

        network = pair(Network())
        network.advance("1s")
        with pytest.raises(EngineError, match="do not mix"):
            asyncio.run(main(network))
        network.stop()
        asyncio.run(main(network))

    def test_it_is_entered_once(self) -> None:
        async def body() -> None:
            async with pair(Network()) as net:
                with pytest.raises(EngineError, match="runs by the clock of a loop already"):
                    async with net:
                        pass
                assert net.is_running

        simulated(body)

    def test_one_that_is_cancelled_while_it_ends_has_ended(self) -> None:
        async def enter(network: Network) -> None:
            async with network:
                await asyncio.get_running_loop().create_future()

        async def body() -> bool:
            network = pair(Network())
            task = asyncio.ensure_future(enter(network))
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            return network.is_running

        assert not simulated(body)

    def test_two_networks_on_one_loop_keep_pace(self) -> None:
        async def body() -> tuple[float, float]:
            async with pair(Network(), delay="10ms") as one, pair(Network(), delay="30ms") as other:
                pings = await asyncio.gather(
                    one.hosts["client"].ping("server"), other.hosts["client"].ping("server")
                )
                first, second = (ping.rtts[0] for ping in pings)
                return first, second

        assert simulated(body) == pytest.approx((0.02, 0.06), abs=1e-5)


class TestEnd:
    def test_connections_end_with_it(self) -> None:
        async def body() -> None:
            async with pair(Network()) as net:
                await net.hosts["server"].start_server(count_bytes, port=80)
                reader, _ = await net.hosts["client"].open_connection("server", 80)
            with pytest.raises(ConnectionError):
                await reader.read()

        simulated(body)

    def test_it_can_be_entered_again(self) -> None:
        network = pair(Network(), delay="5ms")

        async def body() -> float:
            async with network as net:
                net.links["client-server"].set(delay="10ms")
                return (await net.hosts["client"].ping("server")).rtts[0]

        assert [simulated(body) for _ in range(2)] == pytest.approx([0.02, 0.02], abs=1e-5)
        assert network.links["client-server"].link == Link(
            Impairment(delay="10ms"), Impairment(delay="10ms")
        )

    def test_what_runs_is_gone(self) -> None:
        network = pair(Network())
        network.advance("1s")
        network.stop()
        network.stop()
        assert not network.is_running
        with pytest.raises(EngineError, match="does not run"):
            network.statistics()
        with pytest.raises(EngineError, match="does not run"):
            network.flow("client", "server")


class TestSeed:
    @staticmethod
    def traffic(seed: int | None, path: Path, *, loop_seed: int = 0) -> tuple[str, str]:
        """Hashes of the event log and of the capture of an upload over a bad line."""

        async def main() -> bytes:
            async with pair(
                Network(seed=seed, pcap=path), rtt="40ms", rate="10mbit", loss="2%", jitter="2ms"
            ) as net:
                net.engine.keep_log()
                await net.hosts["server"].start_server(count_bytes, port=80)
                for _ in range(3):
                    await upload(net.hosts["client"], "server", 300_000)
                return net.engine.log()

        log = simulate(main(), seed=loop_seed)
        return hashlib.sha256(log).hexdigest(), hashlib.sha256(path.read_bytes()).hexdigest()

    def test_one_seed_is_the_same_packets_hash_for_hash(self, tmp_path: Path) -> None:
        hashes = [self.traffic(7, tmp_path / f"{number}.pcapng") for number in range(2)]
        assert hashes[0] == hashes[1]
        assert self.traffic(8, tmp_path / "other.pcapng") != hashes[0]

    def test_without_one_it_is_the_loop_s(self, tmp_path: Path) -> None:
        path = tmp_path / "out.pcapng"
        assert self.traffic(None, path, loop_seed=7) == self.traffic(7, path, loop_seed=9)
