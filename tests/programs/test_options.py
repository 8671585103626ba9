"""Options: the line that a command line describes."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from usernet.config.fields import FIELDS
from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError, TraceError
from usernet.programs.options import LineOptions
from usernet.trace import profiles

if TYPE_CHECKING:
    from pathlib import Path

# Parts of an effect that are written with it: jitter's correlation, the rate's overhead and so on.
ONLY_IN_ITEMS = {
    "jitter_correlation",
    "allow_reordering",
    "ecn",
    "overhead",
    "cell",
    "cell_overhead",
    "down",
    "compat",
    "limit",
}


def test_without_options_the_line_is_perfect() -> None:
    assert LineOptions().read() == Scenario()


def test_every_effect_has_an_option() -> None:
    options = {field.name for field in fields(LineOptions)}
    assert options >= set(FIELDS) - ONLY_IN_ITEMS


def test_effects_of_both_directions() -> None:
    options = LineOptions(delay="40ms", jitter="5ms", loss="1%", rate="20mbit", queue="100ms")
    both = Impairment(delay="40ms", jitter="5ms", loss="1%", rate="20mbit", queue="100ms")
    assert options.read().link == Link(both, both)


def test_one_direction_goes_over_both() -> None:
    options = LineOptions(rtt="80ms", loss="1%", up="loss=2% rate=1mbit", down="delay=10ms")
    assert options.read().link == Link(
        Impairment(delay="40ms", loss="2%", rate="1mbit"), Impairment(delay="10ms", loss="1%")
    )


def test_options_go_over_a_profile() -> None:
    link = profiles.load("lte").link
    found = LineOptions(profile="lte", up="loss=2%").read()
    assert found.link == Link(link.up.replace(loss="2%"), link.down)


def test_a_scenario_file_with_its_timeline_and_seed(tmp_path: Path) -> None:
    path = tmp_path / "storm.toml"
    path.write_text('seed = 7\nrtt = "80ms"\n[[at]]\ntime = "1s"\noutage = "2s"\n')
    found = LineOptions(scenario=path, loss="1%").read()
    assert found.seed == 7
    assert found.link.up == Impairment(delay="40ms", loss="1%")
    assert len(found.timeline) == 1
    assert LineOptions(scenario=path, seed=0).read().seed == 0


def test_a_trace_is_read_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "line.trace").write_text("1\n5\n9\n")
    monkeypatch.chdir(tmp_path)
    found = LineOptions(trace="line.trace", up="trace=none").read()
    assert found.link == Link(Impairment(), Impairment(trace=(1, 5, 9)))


def test_a_trace_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "poem.trace"
    path.write_text("Shall I compare thee\n")
    with pytest.raises(TraceError, match=r"poem\.trace:1"):
        LineOptions(trace=str(path)).read()


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "none.trace")
    with pytest.raises(ConfigError) as caught:
        LineOptions(trace=path).read()
    assert (caught.value.path, caught.value.value) == ("trace", path)
    assert caught.value.problem == "cannot be read: No such file or directory"


def test_a_table_of_delays_is_read_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.dist").write_text("# mine\n-100 0 100\n")
    monkeypatch.chdir(tmp_path)
    found = LineOptions(delay="10ms", jitter="1ms", distribution="mine.dist").read()
    assert found.link.up.distribution == (-100, 0, 100)
    with pytest.raises(ConfigError, match=r"other\.dist"):
        LineOptions(delay="10ms", jitter="1ms", distribution="other.dist").read()


@pytest.mark.parametrize(
    ("options", "path"),
    [
        (LineOptions(delay="40"), "both.delay"),
        (LineOptions(loss="1"), "both.loss.probability"),
        (LineOptions(rtt="fast"), "rtt"),
        (LineOptions(up="lose=2%"), "up.lose"),
        (LineOptions(down="rate=0"), "down.rate"),
        (LineOptions(rtt="80ms", delay="40ms"), "rtt"),
        (LineOptions(queue="100ms"), "up.queue"),
        (LineOptions(profile="ltee"), "profile"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(options: LineOptions, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options.read()
    assert caught.value.path == path
    assert caught.value.allowed


def test_a_profile_and_a_scenario_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--profile and --scenario"):
        LineOptions(profile="lte", scenario=tmp_path / "storm.toml").read()
