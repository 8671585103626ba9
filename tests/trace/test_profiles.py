"""The named profiles: each is whole, cited and readable; some figures by heart."""

from __future__ import annotations

import pytest

from usernet.config import timeline
from usernet.config.impairment import Impairment
from usernet.errors import ConfigError
from usernet.trace import mahimahi, profiles


def test_names_are_sorted_and_there_are_the_known_ones() -> None:
    names = profiles.names()
    assert list(names) == sorted(names)
    known = "2g edge 3g 3g-slow 3g-fast 4g lte dsl cable fios dial devtools-3g devtools-slow-4g"
    assert set(known.split()) <= set(names)


@pytest.mark.parametrize("name", profiles.names())
def test_each_profile_is_whole(name: str) -> None:
    profile = profiles.load(name)
    assert profile.description
    assert len(profile.source) > 20
    for side in (profile.link.up, profile.link.down):
        assert side.to_core()["app"] == "impairment"
        assert bool(side.queue) == (side.rate is not None or side.trace is not None)
        assert not (side.jitter and side.allow_reordering)
    assert next(timeline.steps(profile, 100_000_000_000))[0] == 0


def test_lte_is_webpagetests() -> None:
    link = profiles.load("lte").link
    both = Impairment(delay="35ms", rate="12mbit", queue="200ms")
    assert (link.up, link.down) == (both, both)


def test_atc_gives_one_way_delays() -> None:
    link = profiles.load("atc-edge-lossy").link
    assert link.up == Impairment(delay="440ms", rate="200kbit", loss="1%", queue="1s")
    assert link.down == Impairment(delay="400ms", rate="240kbit", loss="1%", queue="1s")


def test_rfc_8867_5_3_changes_both_ways() -> None:
    steps = list(timeline.steps(profiles.load("rfc8867-5.3")))
    rates = [(time // 10**9, link.up.rate, link.down.rate) for time, link in steps]
    assert rates == [
        (0, 2_000_000, 2_000_000),
        (20, 1_000_000, 2_000_000),
        (35, 1_000_000, 800_000),
        (40, 500_000, 800_000),
        (60, 2_000_000, 800_000),
        (70, 2_000_000, 2_000_000),
    ]


def test_starlink_spikes_twice_a_cycle() -> None:
    steps = timeline.steps(profiles.load("starlink"), 30_100_000_000)
    delays = [(time // 10**6, link.down.delay // 10**6) for time, link in steps]
    assert delays == [
        (0, 60),
        (140, 20),
        (14_925, 60),
        (15_000, 60),
        (15_140, 20),
        (29_925, 60),
        (30_000, 60),
    ]


@pytest.mark.parametrize(
    ("name", "mean"),
    [("cellular-evdo", 0.5e6), ("cellular-umts", 2e6), ("cellular-lte", 5e6)],
)
def test_traces_have_the_mean_of_their_source(name: str, mean: float) -> None:
    trace = profiles.load(name).link.down.trace
    assert isinstance(trace, tuple)
    assert mahimahi.mean_rate(trace) == pytest.approx(mean, rel=0.05)
    assert trace[-1] <= 60_000


def test_an_unknown_name_says_which_are_near() -> None:
    with pytest.raises(ConfigError, match="unknown profile 'ltee': did you mean lte"):
        profiles.load("ltee")
