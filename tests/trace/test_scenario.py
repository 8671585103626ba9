"""Scenario files with profiles and traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.config.impairment import Impairment
from usernet.errors import ConfigError, TraceError
from usernet.trace import profiles, scenario

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_names_a_profile_and_a_trace(tmp_path: Path) -> None:
    (tmp_path / "a.trace").write_text("1\n2\n")
    file = tmp_path / "a.toml"
    file.write_text('profile = "lte"\n[up]\nrate = "none"\ntrace = "a.trace"\n')
    found = scenario.load(file)
    assert found.link.up == Impairment(delay="35ms", trace=[1, 2], queue="200ms")
    assert found.link.down == profiles.load("lte").link.down
    assert found.profile == "lte"


def test_what_is_wrong_in_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.trace").write_text("2\n1\n")
    file = tmp_path / "a.toml"
    file.write_text('[up]\ntrace = "a.trace"\n')
    with pytest.raises(TraceError, match=r"a.trace:2: 1 ms after 2 ms"):
        scenario.load(file)
    file.write_text('seed = 1\nprofile = "ltte"\n')
    with pytest.raises(ConfigError, match=r"a.toml:2: profile: unknown profile 'ltte'"):
        scenario.load(file)
