"""Flows by filter and by process, under ``usernet run``."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path

from .inside import inside, script

CURL = ("curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--output", "/dev/null")
PYTHON = """
import sys, urllib.request
for _ in range(2):
    urllib.request.urlopen(sys.argv[1], timeout=30).read()
"""


def impairments(events: Path) -> dict[str, dict[str, int]]:
    """What the run said at its end of each impairment."""
    lines = map(json.loads, events.read_text().splitlines())
    end = next(line for line in lines if line["event"] == "end")
    return cast("dict[str, dict[str, int]]", end["impairments"])


def test_remote_is_the_other_side_both_ways(web: str, tmp_path: Path) -> None:
    port, events = web.rpartition(":")[2], tmp_path / "events"
    flow = f"name=web filter='remote port {port}' share=all"
    options = ("--flow", flow, "--bottleneck", "name=all both='rate=50mbit'", "--json", str(events))
    inside(*CURL, f"{web}/page", options=options)
    found = impairments(events)
    assert found["down/web"]["bytes_in"] > 3_000_000
    assert found["up/web"]["packets_in"] > 100
    # Names are asked for at another port.
    assert found["down"]["bytes_in"] < 10_000
    assert found["down/all"]["shares"]["web"]["bytes_out"] > 3_000_000  # type: ignore[index]


def test_a_flow_takes_what_one_process_has(web: str, tmp_path: Path) -> None:
    events = tmp_path / "events"
    options = ("--flow", "name=curl process=curl", "--rtt", "100ms", "--json", str(events))
    name = tmp_path / "other"
    shutil.copy(shutil.which("curl") or "curl", name)
    both = f"{' '.join(CURL)} {web}/page && {name} {' '.join(CURL[1:])} {web}/page"
    inside("sh", "-c", both, options=options)
    found = impairments(events)
    # Each loads 3 MB: the first packets of curl's go by the default, until it is known.
    assert 2_000_000 < found["down/curl"]["bytes_in"] < 3_500_000
    assert 3_000_000 < found["down"]["bytes_in"] < 4_200_000


def test_a_program_that_is_not_the_one_is_let_alone(web: str, tmp_path: Path) -> None:
    events = tmp_path / "events"
    options = ("--flow", "name=curl process=curl", "--json", str(events))
    inside(*script(PYTHON, f"{web}/page"), options=options)
    assert impairments(events)["down/curl"]["packets_in"] == 0
