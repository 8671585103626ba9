"""Fields: how each key of an impairment is read, and patches of them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from usernet.config.fields import FIELDS, ImpairmentKeys, Patch, is_file
from usernet.config.impairment import Impairment
from usernet.errors import ConfigError


def read(key: str, value: object) -> object:
    """What a key is read as."""
    (found,) = Patch.of({key: value}).values
    assert found[0] == key
    return found[1]


def test_there_is_a_field_for_every_key_of_an_impairment() -> None:
    assert set(FIELDS) == set(ImpairmentKeys.__annotations__)
    assert list(FIELDS) == list(Impairment.__dataclass_fields__)


@pytest.mark.parametrize("key", FIELDS)
@pytest.mark.parametrize("value", [None, "none"])
def test_none_takes_a_key_back(key: str, value: object) -> None:
    assert read(key, value) == FIELDS[key].default


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("delay", "40ms", 40_000_000),
        ("jitter_correlation", "25%", 0.25),
        ("allow_reordering", "False", False),
        ("allow_reordering", True, True),
        ("ecn", "true", True),
        ("gap", "5", 5),
        ("gap", 4, 4),
        ("rate", "20mbit", 20_000_000),
        ("overhead", "14b", 14),
        ("overhead", "-14b", -14),
        ("overhead", 0, 0),
        ("cell", "53b", 53),
        ("mtu", "68b", 68),
        ("compat", "netem", "netem"),
        ("limit", "4294967295", 2**32 - 1),
        ("trace", "1,5,9", (1, 5, 9)),
        ("trace", [1, 1, 5], (1, 1, 5)),
        ("trace", (0, 7), (0, 7)),
        ("trace", "some.trace", "some.trace"),
        ("trace", PurePosixPath("dir/some.trace"), "dir/some.trace"),
        ("distribution", "pareto", "pareto"),
        ("distribution", PurePosixPath("my.dist"), "my.dist"),
    ],
    ids=str,
)
def test_what_a_value_means(key: str, value: object, expected: object) -> None:
    assert read(key, value) == expected


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("rate", "0", "a rate of 0"),
        ("mtu", "67b", "too small an MTU"),
        ("ecn", "yes", "not a flag"),
        ("ecn", 1, "not a flag"),
        ("down", "0", "not a flag"),
        ("compat", "netam", "unknown model 'netam'"),
        ("trace", [], "not a trace"),
        ("trace", "5,1", "not a trace"),
        ("trace", [0, 0], "not a trace"),
        ("trace", [1, -5], "not a trace"),
        ("trace", [1, "x"], "not a trace"),
        ("trace", 7, "not a trace"),
    ],
    ids=str,
)
def test_what_means_nothing_is_named(key: str, value: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Patch.of({key: value}, "down")
    assert (caught.value.path, caught.value.problem) == (f"down.{key}", problem)
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("key", "value"), [("gap", "0"), ("limit", "0"), ("limit", 2**32), ("gap", "1.5")], ids=str
)
def test_a_count_has_its_limits(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"^up\.{key} = "):
        Patch.of({key: value}, "up")


def test_an_unknown_key_brings_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"^up\.dealy: unknown key 'dealy': did you mean delay"):
        Patch.of({"dealy": "1ms"}, "up")
    with pytest.raises(ConfigError, match=r"^dealy"):
        Patch.of({"dealy": "1ms"})


def test_a_long_value_is_cut_in_the_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Patch.of({"trace": list(range(1000, 0, -1))})
    assert len(str(caught.value.value)) == 60


@pytest.mark.parametrize("key", FIELDS)
def test_what_is_written_is_read_back(key: str) -> None:
    texts = {
        "delay": "40ms",
        "jitter": "5ms",
        "distribution": "normal",
        "jitter_correlation": "25%",
        "allow_reordering": "false",
        "loss": "gemodel 1% 25%",
        "ecn": "true",
        "duplicate": "1% 25%",
        "corrupt": "1%",
        "reorder": "25% 50%",
        "gap": "5",
        "rate": "20mbit",
        "overhead": "-14b",
        "cell": "53b",
        "cell_overhead": "5b",
        "trace": "1,5,9",
        "queue": "100ms",
        "aqm": "codel",
        "slot": "1ms 2ms",
        "policer": "1mbit burst 10kb",
        "outage": "1s every 10s",
        "down": "true",
        "mtu": "1500b",
        "compat": "netem",
        "limit": "7",
    }
    value = read(key, texts[key])
    assert value != FIELDS[key].default
    assert read(key, FIELDS[key].show(value)) == value


class TestPatch:
    def test_its_values_are_in_the_order_of_the_fields(self) -> None:
        patch = Patch.of({"mtu": "1500b", "delay": "1ms"})
        assert patch.values == (("delay", 1_000_000), ("mtu", 1500))

    def test_the_later_one_counts(self) -> None:
        earlier = Patch.of({"delay": "1ms", "mtu": "1500b"})
        later = Patch.of({"delay": "2ms", "rate": "1mbit"})
        merged = Patch.of({"delay": "2ms", "rate": "1mbit", "mtu": "1500b"})
        assert later.over(earlier) == merged

    def test_an_empty_one_changes_nothing(self) -> None:
        patch = Patch.of({"delay": "1ms"})
        assert patch.over(Patch()) == patch == Patch().over(patch)


@pytest.mark.parametrize(
    ("key", "value", "file"),
    [
        ("trace", "lte.trace", True),
        ("trace", "dir/lte", True),
        ("trace", "none", False),
        ("trace", "1,5,9", False),
        ("trace", (1, 5), False),
        ("trace", None, False),
        ("distribution", "pareto", False),
        ("distribution", "mine.dist", True),
        ("distribution", "dir/mine", True),
        ("distribution", "-5,3,9", False),
    ],
)
def test_what_names_a_file(key: str, value: object, file: bool) -> None:
    assert is_file(key, value) is file
