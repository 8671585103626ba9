"""The pytest plugin beside others: pytest-xdist, pytest-asyncio, anyio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .runs import ALONE, UPLOAD, WITH_ASYNCIO

if TYPE_CHECKING:
    from .runs import Run


class TestWithOthers:
    def test_in_parallel(self, run: Run) -> None:
        source = (
            UPLOAD
            + """
    @pytest.mark.parametrize("number", range(6))
    @pytest.mark.usernet(rtt="40ms")
    async def test_upload(network, number):
        assert await upload(network, 10_000) == 10_000
        assert number != 3
    """
        )
        result = run(source, *ALONE, "-n", "2", "--usernet-artifacts=kept")
        result.assert_outcomes(failed=1, passed=5)
        result.stdout.fnmatch_lines(["seed *; to repeat: pytest *test_upload*3* --usernet-seed=*"])
        kept = sorted(path.suffix for path in (run.path / "kept").glob("gw*/*"))
        assert kept == [".html", ".json", ".pcapng"]

    ASYNCIO = (
        UPLOAD
        + """
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def server(network):
        async with await network.hosts["server"].start_server(count, port=81) as server:
            yield server
        await asyncio.sleep(10)

    @pytest.mark.asyncio
    @pytest.mark.usernet(rtt="40ms", seed=3)
    async def test_virtual(network, server, usernet_clock):
        with network.hosts["client"]:
            reader, writer = await asyncio.open_connection("server", 81)
        writer.write_eof()
        assert await reader.read() == b"0"
        writer.close()
        await asyncio.sleep(3600)
        assert usernet_clock.now > "1h"

    @pytest.mark.asyncio
    @pytest.mark.usernet(real_time=True)
    async def test_real(network):
        assert await upload(network, 1000) == 1000

    @pytest.mark.asyncio
    async def test_none():
        assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")

    @pytest.mark.asyncio
    async def test_unmarked(network):
        assert await upload(network, 1000) == 1000

    @pytest.mark.usernet(real_time=True)
    class TestReal:
        @pytest.mark.asyncio
        @pytest.mark.usernet(loss="1%")
        async def test_it(self, network):
            assert await upload(network, 1000) == 1000
    """
    )

    def test_pytest_asyncio_runs_the_test_in_our_loop(self, run: Run) -> None:
        run(self.ASYNCIO, *WITH_ASYNCIO).assert_outcomes(passed=5)

    def test_in_its_automatic_mode_too(self, run: Run) -> None:
        source = self.ASYNCIO.replace("@pytest.mark.asyncio", "").replace(
            "_asyncio.fixture", ".fixture"
        )
        source = source.replace("import pytest.fixture", "").replace("import pytest_asyncio", "")
        run(source, *WITH_ASYNCIO, "--asyncio-mode=auto").assert_outcomes(passed=5)

    ANYIO = (
        UPLOAD
        + """
    @pytest.fixture
    async def server(network):
        async with await network.hosts["server"].start_server(count, port=81) as server:
            yield server
        await asyncio.sleep(10)

    @pytest.mark.anyio
    @pytest.mark.usernet(rtt="40ms", seed=3)
    async def test_virtual(network, server, usernet_clock):
        reader, writer = await asyncio.open_connection("server", 81)
        writer.write_eof()
        assert await reader.read() == b"0"
        writer.close()
        await asyncio.sleep(3600)
        assert usernet_clock.now > "1h"

    @pytest.mark.anyio
    @pytest.mark.usernet(real_time=True)
    async def test_real(network):
        assert await upload(network, 1000) == 1000

    @pytest.mark.anyio
    async def test_none():
        assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")
    """
    )

    def test_anyio_runs_the_test_in_our_loop(self, run: Run) -> None:
        result = run(self.ANYIO, "-p", "no:asyncio", "-k", "not trio")
        result.assert_outcomes(passed=3)

    def test_a_loop_that_somebody_else_made_is_told(self, run: Run) -> None:
        source = """
    import pytest

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    @pytest.mark.usernet
    async def test_it(network):
        pass
    """
        result = run(source, "-p", "no:asyncio")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["*EngineError: the test is to run in virtual time, and its loop*"]
        )
