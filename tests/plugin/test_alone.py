"""The pytest plugin without others: what a marked test gets, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .runs import ALONE, UPLOAD

if TYPE_CHECKING:
    from .runs import Run


class TestAlone:
    def test_an_async_test_runs_in_virtual_time_on_two_hosts(self, run: Run) -> None:
        source = (
            UPLOAD
            + """
    @pytest.mark.usernet(profile="lte", loss="1%", seed=7)
    async def test_upload(network, usernet_clock):
        assert await upload(network, 500_000) == 500_000
        await asyncio.sleep(3600)
        assert "1h" <= usernet_clock.now <= "61min"
        flow = network.flow("client", "server")
        assert flow.data == 500_000
        assert flow.retransmissions > 0
        assert flow.goodput >= "1mbit"
    """
        )
        result = run(source, *ALONE)
        result.assert_outcomes(passed=1)
        assert result.duration < 30

    def test_it_lives_on_the_first_host(self, run: Run) -> None:
        source = """
    import asyncio, pytest, time

    @pytest.mark.usernet(rtt="40ms")
    async def test_streams(network):
        async def echo(reader, writer):
            writer.write(await reader.readline())
            writer.close()

        await network.hosts["server"].start_server(echo, port=7)
        before = time.monotonic()
        reader, writer = await asyncio.open_connection("server", 7)
        writer.write(b"hello\\n")
        assert await reader.read() == b"hello\\n"
        assert time.monotonic() - before == pytest.approx(0.08, abs=1e-3)
        writer.close()
    """
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_without_a_network_time_is_virtual_all_the_same(self, run: Run) -> None:
        source = """
    import asyncio, pytest

    @pytest.mark.usernet
    async def test_sleep():
        await asyncio.sleep(86400)
    """
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_real_time_is_real(self, run: Run) -> None:
        source = (
            UPLOAD
            + """
    @pytest.mark.usernet(real_time=True, rtt="2ms")
    async def test_upload(network):
        assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")
        assert await upload(network, 100_000) == 100_000
    """
        )
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_a_test_without_asyncio_lets_time_pass_by_itself(self, run: Run) -> None:
        source = """
    import pytest

    @pytest.mark.usernet
    def test_time(network, usernet_clock):
        assert usernet_clock.now == 0
        usernet_clock.advance("5s")
        assert usernet_clock.time() == 5.0
        assert repr(usernet_clock) == "<Clock 5s>"
    """
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_the_fixture_needs_no_marker(self, run: Run) -> None:
        source = (
            UPLOAD
            + """
    async def test_upload(network):
        assert await upload(network, 1000) == 1000
    """
        )
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_markers_add_up_and_the_nearest_counts(self, run: Run) -> None:
        source = """
    import pytest

    pytestmark = pytest.mark.usernet(seed=1, loss="1%", delay="1ms")

    @pytest.mark.usernet(loss="2%")
    class TestIt:
        @pytest.mark.usernet(delay="5ms")
        def test_link(self, network):
            impairment = network.links["client-server"].link.up
            assert str(impairment) == "delay=5ms loss=2%"
    """
        run(source, *ALONE).assert_outcomes(passed=1)

    def test_a_topology_by_name_and_one_of_one_s_own(self, run: Run) -> None:
        source = """
    import pytest

    def chain(network, line):
        network.host("a", "10.0.0.1/24")
        network.host("b", "10.0.0.2/24", "10.1.0.1/24", forward=True)
        network.host("c", "10.1.0.2/24")
        network.link("a", "b", line)
        network.link("b", "c", line)

    @pytest.mark.usernet(topology=chain, delay="5ms")
    async def test_chain(network):
        (rtt,) = (await network.hosts["a"].ping("c")).rtts
        assert rtt == pytest.approx(0.02, abs=1e-4)

    @pytest.mark.usernet(topology="star", hosts=("x", "y", "z"), delay="5ms")
    async def test_star(network):
        (rtt,) = (await network.hosts["x"].ping("z")).rtts
        assert rtt == pytest.approx(0.02, abs=1e-4)
    """
        run(source, *ALONE).assert_outcomes(passed=2)

    def test_a_scenario_file_beside_the_test(self, run: Run) -> None:
        (run.path / "outage.toml").write_text('rtt = "20ms"\n[[at]]\ntime = "5s"\noutage = "10s"\n')
        source = """
    import asyncio, pytest

    @pytest.mark.usernet(scenario="outage.toml")
    async def test_outage(network):
        client = network.hosts["client"]
        assert (await client.ping("server")).rtts
        await asyncio.sleep(6)
        assert not (await client.ping("server", timeout=1)).rtts
    """
        run(source, *ALONE).assert_outcomes(passed=1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("marker", "told"),
        [
            ("los='2%'", "usernet marker: los: unknown key 'los': did you mean loss?"),
            ("loss='2'", 'usernet marker: loss.probability = "2": a probability needs its unit*'),
            ("profile='lta'", "usernet marker: profile: unknown profile 'lta': did you mean lte*"),
            ("'lte'", "usernet marker: the marker takes keys, not 'lte' alone: usernet(key=…)"),
        ],
    )
    def test_a_marker_that_is_wrong_fails_its_test_alone(
        self, run: Run, marker: str, told: str
    ) -> None:
        source = f"""
    import pytest

    @pytest.mark.usernet({marker})
    def test_it():
        pass

    @pytest.mark.usernet
    def test_other():
        pass
    """
        result = run(source, *ALONE)
        result.assert_outcomes(errors=1, passed=1)
        result.stdout.fnmatch_lines([told.replace("[", "[[]")])

    def test_a_layout_that_cannot_be_is_told_as_well(self, run: Run) -> None:
        source = """
    import pytest

    @pytest.mark.usernet(hosts=("a", "b", "c"))
    def test_it(network):
        pass
    """
        result = run(source, *ALONE)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*ConfigError: hosts: 3 hosts for the topology pair*"])


class TestStrict:
    ESCAPES = """
    import asyncio, socket, threading, pytest

    def connect():
        sock = socket._socket.socket()
        try:
            sock.connect(("127.0.0.1", 9))
        except Exception:
            sock.close()

    @pytest.mark.usernet{keys}
    async def test_thread(network):
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
    """

    def test_a_connection_of_the_system_s_fails_the_test(self, run: Run) -> None:
        result = run(self.ESCAPES.format(keys=""), *ALONE)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "1 call(s) went round the simulated network:",
                "  a socket of the system's connects to 127.0.0.1 port 9, at *.py:6",
                "*usernet(strict=False)*",
            ]
        )

    def test_unless_it_is_allowed(self, run: Run) -> None:
        run(self.ESCAPES.format(keys="(strict=False)"), *ALONE).assert_outcomes(passed=1)

    def test_in_real_time_too(self, run: Run) -> None:
        source = """
    import asyncio, pytest

    @pytest.mark.usernet(real_time=True)
    async def test_it(network):
        await asyncio.open_connection("127.0.0.1", 9)
    """
        result = run(source, *ALONE)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["*EscapeError: a socket of the system's connects to 127.0.0.1*"]
        )

    def test_other_tests_are_left_alone(self, run: Run) -> None:
        source = """
    import socket

    def test_it():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", 9))
    """
        run(source, *ALONE).assert_outcomes(passed=1)
