"""Artifacts: the files of a test, and what is in its reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from usernet.net.network import Network
from usernet.testing.artifacts import Artifacts, Seen

if TYPE_CHECKING:
    from pathlib import Path


def seen() -> Seen:
    network = Network()
    network.host("a", "10.0.0.1/24")
    network.host("b", "10.0.0.2/24")
    link = network.link("a", "b", delay="10ms")
    network.record("100ms")
    network.advance("1s")
    link.up.set(rate="1mbit")
    network.advance("1s")
    found = Seen.of(network)
    network.stop()
    return found


def test_what_links_were_and_became() -> None:
    told = [(change.time_ns // 10**9, change.text) for change in seen().changes]
    assert told == [(0, ""), (1, "a-b/up: delay=10ms rate=1mbit")]
    first, second = (change.configured["a-b/up"] for change in seen().changes)
    assert (first.bits_per_second, second.bits_per_second) == (None, 1_000_000)
    assert first.delay_ns == second.delay_ns == 10_000_000
    assert seen().links == {"a-b/up": "delay=10ms rate=1mbit", "a-b/down": "delay=10ms"}


def test_reports_say_all_of_it(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "new" / "folder", "tests/test_it.py::test_it[a/b]")
    artifacts.keep(seen(), {"seed": "7"})
    page, told = artifacts.page.read_text(), json.loads(artifacts.data.read_text())
    assert "tests/test_it.py::test_it[a/b]" in page
    assert "a-b/up: delay=10ms rate=1mbit" in page
    assert told["facts"]["seed"] == "7"
    assert told["flows"]["a-b"].startswith("a ↔ b: 0b in 0ns")
    assert told["apps"]["a-b/up"]["kind"] == "impairment"
    artifacts.discard()
    artifacts.discard()
    assert list(artifacts.page.parent.iterdir()) == []


def test_tests_of_alike_names_have_files_of_their_own(tmp_path: Path) -> None:
    names = ["t.py::a[x]", "t.py::a[x!]", "t.py::a_x_", f"{'d/' * 100}t.py::a"]
    paths = {path for name in names for path in Artifacts(tmp_path, name).paths}
    assert len(paths) == 12
    assert max(len(path.name) for path in paths) < 110
