"""The steps of the GitHub Action in ``examples``, as its runner would do them."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from usernet.sandbox import PROGRAM

pytestmark = pytest.mark.root

ACTION = Path(__file__).parents[2] / "examples/container/action/action.yml"
COMMAND = """echo "it's" over
exit 3"""


def step() -> str:
    """What the step runs: the block behind ``run: |``."""
    block = ACTION.read_text().partition("      run: |\n")[2].partition("    - if:")[0]
    return textwrap.dedent(block)


def bash(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **variables, "PATH": path, "XDG_RUNTIME_DIR": str(folder)}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_report_capture_and_how_to_repeat_it_are_left(tmp_path: Path) -> None:
    line = "--profile 3g --seed 7 --serve 127.0.0.1:0"
    ran = bash(tmp_path, "-c", step(), LINE=line, COMMAND=COMMAND)
    assert (ran.returncode, ran.stdout) == (3, "it's over\n"), ran.stderr
    left = tmp_path / "usernet-artifacts"
    assert (left / "capture.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert "3g" in (left / "report.html").read_text()
    events = [json.loads(one) for one in (left / "events.json").read_text().splitlines()]
    assert events[0]["serve"].startswith("http://127.0.0.1:")
    assert (events[-1]["event"], events[-1]["code"]) == ("end", 3)
    again = bash(tmp_path, str(left / "replay.sh"))
    assert (again.returncode, again.stdout) == (3, "it's over\n"), again.stderr
