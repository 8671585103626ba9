"""What a running line says: as JSON, as lines, on a terminal, and not at all."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.engine.fidelity import Fidelity
from usernet.engine.statistics import ImpairmentStatistics, Lateness, Statistics
from usernet.programs.live import Live

Captured = pytest.CaptureFixture[str]
LATENESS = Lateness(10, 1, 2, 3, 4, 5)
TRUSTED = Fidelity("trusted", "p50 2 ns", LATENESS, 0)
SCENARIO = Scenario(Link(Impairment(delay="40ms", loss="1%"), Impairment()), seed=7)


def counted(packets: int, dropped: dict[str, int]) -> ImpairmentStatistics:
    return ImpairmentStatistics(
        packets_in=packets,
        bytes_in=packets * 1000,
        packets_out=packets - sum(dropped.values()),
        bytes_out=(packets - sum(dropped.values())) * 1000,
        dropped=MappingProxyType(dropped),
        marked=1,
        duplicated=2,
        corrupted=3,
        reordered=4,
        delayed=5,
        queue_packets=6,
        queue_bytes=7,
        queue_ns=80_000_000,
        lateness=LATENESS,
    )


def statistics(time_ns: int, **impairments: ImpairmentStatistics) -> Statistics:
    return Statistics(time_ns, 1, 1, 0, 0, 0, {}, impairments, {})


BEFORE = statistics(0, up=counted(0, {}), down=counted(0, {}))
AFTER = statistics(
    1_000_000_000, up=counted(1000, {"loss": 10, "queue": 0, "mtu": 2}), down=counted(500, {})
)


def tell(live: Live) -> None:
    """The course of a run."""
    live.ready(SCENARIO)
    live.show(BEFORE)
    live.show(AFTER)
    live.end(AFTER, TRUSTED)


def test_as_json_there_is_one_object_a_line(capsys: Captured) -> None:
    tell(Live(("a", "b"), quiet=False, as_json=True))
    captured = capsys.readouterr()
    ready, end = map(json.loads, captured.out.splitlines())
    assert captured.err == ""
    assert ready == {"event": "ready", "between": ["a", "b"], "seed": 7}
    assert (end["event"], end["fidelity"]["verdict"]) == ("end", "trusted")
    assert end["impairments"]["up"] == {
        "packets_in": 1000,
        "bytes_in": 1_000_000,
        "packets_out": 988,
        "bytes_out": 988_000,
        "dropped": {"loss": 10, "queue": 0, "mtu": 2},
        "marked": 1,
        "duplicated": 2,
        "corrupted": 3,
        "reordered": 4,
        "delayed": 5,
        "queue_packets": 6,
        "queue_bytes": 7,
        "queue_ns": 80_000_000,
        "lateness": {"count": 10, "overruns": 1, "p50": 2, "p99": 3, "p999": 4, "maximum": 5},
    }


def test_as_lines_where_there_is_no_terminal(capsys: Captured) -> None:
    live = Live(("a", "b"), quiet=False, as_json=False)
    tell(live)
    captured = capsys.readouterr()
    assert not live.shown
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "emulating between a and b; Ctrl-C ends it",
        "  up   a → b   delay=40ms loss=1%",
        "  down b → a   perfect",
        "  up   1000 packets in, 988 out, dropped 12 (10 loss, 2 mtu)",
        "  down 500 packets in, 500 out, dropped none",
        f"fidelity: {TRUSTED}",
    ]


def test_quiet_says_nothing(capsys: Captured) -> None:
    tell(Live(("a", "b"), quiet=True, as_json=False))
    assert capsys.readouterr() == ("", "")


def test_quiet_json_is_json(capsys: Captured) -> None:
    tell(Live(("a", "b"), quiet=True, as_json=True))
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_scenario_without_a_seed_has_0(capsys: Captured) -> None:
    Live(("a", "b"), quiet=True, as_json=True).ready(Scenario())
    assert json.loads(capsys.readouterr().out)["seed"] == 0


def test_a_trace_is_not_read_out(capsys: Captured) -> None:
    trace = Impairment(trace=list(range(1, 100_000)))
    Live(("a", "b"), quiet=False, as_json=False).ready(Scenario(Link(trace, trace)))
    assert max(map(len, capsys.readouterr().err.splitlines())) < 100


def test_on_a_terminal_a_table_is_redrawn(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    live = Live(("a", "b"), quiet=False, as_json=False)
    live.ready(SCENARIO)
    assert live.shown
    live.show(BEFORE)
    live.show(AFTER)
    drawn = capsys.readouterr().err
    live.end(AFTER, TRUSTED)
    # 1000 packets of 1000 bytes in one second, of which 988 came out.
    assert "8.00 Mbit/s" in drawn
    assert "7.90 Mbit/s" in drawn
    assert "80 ms" in drawn
    assert "fidelity" in capsys.readouterr().err
