"""The examples that need no privilege run, and say what they promise."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from usernet.errors import PrivilegeError

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bufferbloat", "PIE"),
        ("outage", "in the outage"),
        ("private_web", "a page of the private network, in"),
        ("routers", "printer 5 of 5 replies"),
        ("tunnel", "2000000 bytes arrived in"),
    ],
)
def test_a_program(name: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert told in capsys.readouterr().out


def test_a_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_upload=(EXAMPLES / "test_upload.py").read_text())
    pytester.runpytest("-p", "no:asyncio", "-p", "no:anyio").assert_outcomes(passed=1)


def test_congestion_controls_differ() -> None:
    upload = runpy.run_path(str(EXAMPLES / "congestion.py"))["upload"]
    simulate = runpy.run_path(str(EXAMPLES / "congestion.py"))["usernet"].simulate
    cubic, bbr = (simulate(upload(name, "1%")) for name in ("cubic", "bbr"))
    assert bbr.goodput > 3 * cubic.goodput


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")
def test_a_download(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / "download.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == PrivilegeError.exit_code:
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stderr
    assert "≥ 300 ms" in ran.stdout
    reports = sorted((tmp_path / "build").iterdir())
    assert [path.name for path in reports] == ["download-3g.html", "download-perfect.html"]
