"""``usernet bench``: the engine's speed, for people and for programs."""

import json

import pytest

from usernet.programs.main import run


def test_json_has_the_three_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--json", "--duration", "20ms"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"basic1_mpps", "ns_per_app", "ns_per_emulated_packet"}
    assert found["basic1_mpps"] > 0.1
    assert found["ns_per_emulated_packet"] > 0


def test_a_person_gets_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--duration", "20ms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "source → tee → sink",
        "each further app",
        "each emulated packet",
    ]


def test_a_duration_needs_a_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--duration", "1"]) == 2
    assert "'1'" in (said := capsys.readouterr().err) or '"1"' in said
    assert "ms" in said
