"""How quickly commands start: what they import, which does not depend on the machine."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SLOW = {"asyncio", "cyclopts", "dataclasses", "ipaddress", "pathlib", "rich", "subprocess"}
"""Each takes a tenth of what a connection may take, or more."""
LATER = {
    "decimal",
    "difflib",
    "hmac",
    "pathlib",
    "secrets",
    "usernet.config.units",
    "usernet.engine.statistics",
    "usernet.net.ping",
    "usernet.wireguard.status",
}
"""What a connection does not need to come about."""
_IMPORTED = re.compile(r"^import time:\s*\d+ \|\s*\d+ \|\s*(\S+)$", re.MULTILINE)


def imported(*words: str) -> tuple[int, set[str]]:
    """A command's exit code, and what it has imported."""
    command = [sys.executable, "-X", "importtime", "-m", "usernet", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, set(_IMPORTED.findall(ended.stderr))


def test_nc_imports_nothing_that_is_slow_before_it_asks_the_agent(tmp_path: Path) -> None:
    words = ("nc", "--wireguard", str(tmp_path / "none.conf"), "-v", "db.internal", "22")
    code, modules = imported(*words)
    assert code == 2
    assert "usernet.tunnel.agent_client" in modules
    assert modules & SLOW == set()
    assert "usernet._core" not in modules
    assert len(modules) < 120


def test_a_wrong_command_line_is_left_to_cyclopts() -> None:
    code, modules = imported("nc", "--wiregard", "x", "db.internal", "22")
    assert code == 2
    assert "cyclopts" in modules


def test_a_tunnel_of_ones_own_imports_nothing_that_it_does_not_need() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "from usernet.tunnel import holding, own"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    modules = set(_IMPORTED.findall(ended.stderr))
    assert "usernet.tunnel.tunnel" in modules
    assert modules & LATER == set()
