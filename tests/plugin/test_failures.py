"""What a test that fails leaves for its reader: its seed, its capture, its report."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from .runs import ALONE, UPLOAD

if TYPE_CHECKING:
    from .runs import Run


class TestSeed:
    SOURCE = """
    import pytest, random

    @pytest.mark.usernet{keys}
    async def test_it(network):
        print("drawn", random.getrandbits(64))
        assert False

    @pytest.mark.usernet
    async def test_other(network):
        print("drawn", random.getrandbits(64))
        assert False
    """

    @staticmethod
    def drawn(result: pytest.RunResult) -> list[str]:
        return re.findall(r"^drawn (\d+)", result.stdout.str(), re.MULTILINE)

    def test_it_is_printed_with_the_line_that_repeats_the_test(self, run: Run) -> None:
        result = run(self.SOURCE.format(keys="(seed=7)"), *ALONE)
        result.assert_outcomes(failed=2)
        name = "test_it_is_printed_with_the_line_that_repeats_the_test.py"
        result.stdout.fnmatch_lines(
            [f"seed 7; to repeat: pytest {name}::test_it --usernet-seed=7", "client ↔ server: *"]
        )

    def test_without_one_each_test_has_its_own_always_the_same(self, run: Run) -> None:
        first, second = (self.drawn(run(self.SOURCE.format(keys=""), *ALONE)) for _ in range(2))
        assert len(set(first)) == 2
        assert first == second

    @pytest.mark.parametrize("seed", ["-1", "x", str(1 << 63)])
    def test_what_is_no_seed_is_refused(self, run: Run, seed: str) -> None:
        result = run(self.SOURCE.format(keys=""), *ALONE, f"--usernet-seed={seed}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR

    def test_the_command_line_has_the_last_word(self, run: Run) -> None:
        source = self.SOURCE.format(keys="(seed=7)")
        first, second = self.drawn(run(source, *ALONE, "--usernet-seed=9"))
        assert first == second
        assert first not in self.drawn(run(source, *ALONE))


class TestArtifacts:
    SOURCE = (
        UPLOAD
        + """
    @pytest.mark.usernet(rtt="40ms", rate="10mbit", loss="1%")
    async def test_bad(network):
        await upload(network, 500_000)
        network.links["client-server"].cut()
        assert network.flow("client", "server").goodput >= "1gbit"

    @pytest.mark.usernet
    async def test_good(network):
        await upload(network, 1000)
    """
    )

    def test_those_of_a_test_that_fails_are_kept(self, run: Run) -> None:
        result = run(self.SOURCE, *ALONE, "--usernet-artifacts=kept")
        result.assert_outcomes(failed=1, passed=1)
        files = sorted((run.path / "kept").iterdir())
        assert [path.suffix for path in files] == [".html", ".json", ".pcapng"]
        assert all("test_bad" in path.name for path in files)
        result.stdout.fnmatch_lines(["kept *.pcapng", "kept *.html", "kept *.json"])
        page, data, capture = files
        assert "<h1>" in page.read_text()
        assert "client ↔ server: " in page.read_text()
        told = json.loads(data.read_text())
        assert told["links"]["client-server/up"] == "delay=20ms loss=1% rate=10mbit down"
        assert told["changes"][-1]["text"].startswith("client-server/up: delay=20ms")
        assert len(capture.read_bytes()) > 500_000

    def test_what_was_seen_is_in_the_message(self, run: Run) -> None:
        result = run(self.SOURCE, *ALONE)
        result.stdout.fnmatch_lines(
            ["E*where *mbit = <Flow client → server: 488.3kb in *(loss *sent again>.goodput"]
        )
        assert list(run.path.glob("*kept*")) == []
