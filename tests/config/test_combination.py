"""Combinations: keys that contradict each other, and the error that names both."""

from __future__ import annotations

import pytest

from usernet.config.combination import check
from usernet.config.impairment import Impairment
from usernet.errors import ConfigError

WRONG = [
    ("trace=1,5 rate=1mbit", "trace", "a trace and a rate"),
    ("queue=100packets", "queue", "a queue that never fills"),
    ("aqm=codel", "aqm", "an aqm without a queue to fill"),
    ("overhead=14b", "overhead", "overhead without rate"),
    ("cell=53b", "cell", "cell without rate"),
    ("rate=1mbit cell_overhead=5b", "cell_overhead", "cell_overhead without cell"),
    ("delay=1ms gap=5", "gap", "gap without reorder"),
    ("reorder=1%", "reorder", "reorder without delay"),
    ("limit=10", "limit", "limit without compat"),
    ("compat=netem rate=1mbit queue=10packets", "queue", "netem has no queue"),
    ("compat=netem rate=1mbit aqm=codel", "aqm", "netem has no aqm"),
    ("compat=netem trace=1,5", "trace", "netem has no trace"),
    ("compat=netem policer=1mbit,burst,10kb", "policer", "netem has no policer"),
    ("compat=netem outage=1s,every,10s", "outage", "netem has no outage"),
    ("compat=netem mtu=1500b", "mtu", "netem has no mtu"),
    ("compat=netem allow_reordering=false", "allow_reordering", "netem has no allow_reordering"),
]

RIGHT = [
    "",
    "trace=1,5",
    "rate=1mbit queue=100packets aqm=codel",
    "trace=1,5 queue=100ms aqm=pie",
    "rate=1mbit overhead=14b cell=53b cell_overhead=5b",
    "delay=10ms reorder=1% gap=5",
    "compat=netem limit=10 delay=10ms rate=1mbit",
]


@pytest.mark.parametrize(("text", "key", "problem"), WRONG, ids=[text for text, *_ in WRONG])
def test_what_contradicts_itself(text: str, key: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Impairment.parse(text)
    assert (caught.value.path, caught.value.problem) == (key, problem)
    assert caught.value.allowed


@pytest.mark.parametrize("text", RIGHT)
def test_what_does_not(text: str) -> None:
    check(Impairment.parse(text))


def test_the_error_names_the_direction() -> None:
    impairment = Impairment()
    object.__setattr__(impairment, "limit", 10)
    with pytest.raises(ConfigError, match=r"^down\.limit: limit without compat"):
        check(impairment, "down")
