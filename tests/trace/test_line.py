"""Lines as options: what is given over what a profile or a file says."""

from pathlib import Path

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Link
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.trace import line, profiles


def test_nothing_given_is_a_line_that_does_nothing() -> None:
    assert line.read({"profile": None, "loss": None}) == Scenario()


def test_impairments_are_of_both_directions_and_a_direction_goes_over_them() -> None:
    found = line.read({"loss": "1%", "up": "loss=2%", "seed": 7})
    assert found.link == Link(Impairment(loss="2%"), Impairment(loss="1%"))
    assert found.seed == 7


def test_what_is_given_goes_over_the_profile(tmp_path: Path) -> None:
    lte = profiles.load("lte").link
    assert line.read({"profile": "lte", "loss": "3%"}).link.up.loss != lte.up.loss
    path = tmp_path / "storm.toml"
    path.write_text('profile = "lte"\n')
    assert line.read({"scenario": str(path)}).link == lte


def test_a_key_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="lose"):
        line.read({"lose": "1%"})


def test_a_trace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        line.read({"trace": str(tmp_path / "lte.trace")})
