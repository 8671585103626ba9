"""``usernet profiles``: what it lists and what it shows."""

from __future__ import annotations

import json

import pytest

from usernet.errors import ConfigError
from usernet.programs.profiles import profiles
from usernet.trace import profiles as shipped

Captured = pytest.CaptureFixture[str]


def test_all_are_listed(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    profiles()
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in lines[1:]]
    assert listed == list(shipped.names())
    assert next(line for line in lines if " lte " in line).count("rate=12mbit") == 2


def test_all_as_json(capsys: Captured) -> None:
    profiles(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == list(shipped.names())
    assert all(one["source"] and one["description"] for one in found)


def test_one_with_its_numbers_and_source(capsys: Captured) -> None:
    profiles("dsl")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "dsl: DSL: 1.5mbit down, 384kbit up, 50 ms round trip",
        "  down    delay=25ms rate=1.5mbit queue=200ms",
        "  up      delay=25ms rate=384kbit queue=200ms",
    ]
    assert lines[3].startswith("  source  WebPageTest, connectivity.ini")
    assert len(lines) == 4


def test_one_that_changes(capsys: Captured) -> None:
    profiles("rfc8867-5.1")
    assert "  changes 3 entries of a timeline\n" in capsys.readouterr().out


def test_one_as_json(capsys: Captured) -> None:
    profiles("rfc8867-5.1", as_json=True)
    (found,) = json.loads(capsys.readouterr().out)
    assert set(found) == {"name", "description", "source", "up", "down", "changes"}
    assert (found["up"], found["down"]) == ("delay=50ms rate=1mbit queue=300ms", "delay=50ms")
    assert found["changes"] == 3


def test_an_unknown_one_brings_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown profile 'ltee': did you mean lte"):
        profiles("ltee")
