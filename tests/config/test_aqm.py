"""Queue disciplines: defaults, tc's units, refusals and plain forms."""

from __future__ import annotations

import pytest

from usernet.config.aqm import Aqm, CoDel, DropHead, DropTail, FqCoDel, Pie, Red, parse_aqm
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("droptail", DropTail()),
        ("drophead", DropHead()),
        ("CoDel", CoDel(5_000_000, 100_000_000)),
        ("codel interval 50ms target 2ms", CoDel(2_000_000, 50_000_000)),
        ("red min 30kb max 90kb", Red(30_720, 92_160, 0.02, 0.002)),
        ("red min 30kb max 90kb probability 5% weight 0.01", Red(30_720, 92_160, 0.05, 0.01)),
        ("fq_codel flows 16 quantum 300b", FqCoDel(flows=16, quantum=300)),
        ("pie alpha 4 beta 8 target 20ms", Pie(20_000_000, alpha=0.25, beta=0.5)),
    ],
)
def test_texts(text: str, expected: Aqm) -> None:
    assert parse_aqm(text) == expected
    assert parse_aqm(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "discipline is missing"),
        ("codl", "did you mean codel"),
        ("codel taget 5ms", "did you mean target"),
        ("codel target", "the value of target is missing"),
        ("codel target 5", "aqm.target = .5.: a duration needs a unit"),
        ("codel target 5ms target 6ms", "given twice"),
        ("codel target 0ms", "a time of 0"),
        ("red min 30kb", "red needs min and max"),
        ("red min 90kb max 30kb", "min is not below max"),
        ("red min 0b max 30kb", "a size of 0"),
        ("red min 1kb max 3kb weight 2", "not a weight"),
        ("red min 1kb max 3kb weight x", "not a weight"),
        ("fq_codel flows 0", "1 to 65536"),
        ("pie alpha 33", "0 to 32"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_aqm(text)


def test_plain_forms() -> None:
    assert DropTail().to_core() == {"kind": "droptail"}
    assert Red(1, 2).to_core() == {
        "kind": "red",
        "min": 1,
        "max": 2,
        "probability": 0.02,
        "weight": 0.002,
    }
    assert Pie().to_core() == {
        "kind": "pie",
        "target_ns": 15_000_000,
        "tupdate_ns": 15_000_000,
        "alpha": 0.125,
        "beta": 1.25,
        "max_burst_ns": 150_000_000,
    }
    assert FqCoDel().to_core() == {
        "kind": "fq_codel",
        "target_ns": 5_000_000,
        "interval_ns": 100_000_000,
        "flows": 1024,
        "quantum": 1514,
    }
