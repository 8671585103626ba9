from dataclasses import dataclass
from typing import Literal

from usernet.report.plot import Plot
from usernet.report.selftest import selftest_report

from .reading import Reader


@dataclass(frozen=True, slots=True)
class Measured:
    quantity: str
    verdict: Literal["pass", "short", "inconclusive"] = "pass"
    clock: Literal["virtual", "real"] = "virtual"
    test: str = "10 000 packets"
    goal: str = "≤ 100 µs"
    measured: str = "58 µs"


ROWS = [Measured("delay"), Measured("rate", "short", "real"), Measured("jitter", "inconclusive")]


def test_each_row_has_goal_measured_and_verdict_in_words() -> None:
    read = Reader(selftest_report(ROWS, {"processor": "two <cores>"}, "2026-11-23"))
    assert read.table["delay"] == ["10 000 packets", "≤ 100 µs", "58 µs", "✓ pass"]
    assert read.table["rate"][-1] == "✗ short"
    assert read.table["jitter"][-1] == "? inconclusive"
    assert read.table["processor"] == ["two <cores>"]
    assert ("class", "badge short") in read.attributes
    assert read.texts["h2"] == ["In virtual time", "In real time", "The machine"]
    assert "Measured 2026-11-23." in read.texts["p"]


def test_the_sum_names_the_worst() -> None:
    def found(*rows: Measured) -> tuple[str, str]:
        read = Reader(selftest_report(rows, {}, "today"))
        colour = next(value for _, value in read.attributes if value.startswith("verdict"))
        return read.texts["strong"][0], colour

    assert found(*ROWS) == ("3 rows: 1 pass, 1 short, 1 inconclusive", "verdict short")
    assert found(ROWS[0], ROWS[2]) == ("2 rows: 1 pass, 1 inconclusive", "verdict inconclusive")
    assert found(ROWS[0]) == ("1 row: 1 pass", "verdict pass")


def test_there_are_plots_where_there_is_data() -> None:
    plot = Plot("Delay <error>", "share, %", "µs", (0, 50, 100), (1, 2, 3), 100)
    read = Reader(selftest_report(ROWS, {}, "today", plots=[plot]))
    assert read.texts["figcaption"] == ["Delay <error>"]
    assert read.figures["plot-1"]["data"][0]["y"] == [1, 2, 3]
    assert "script" not in Reader(selftest_report(ROWS, {}, "today")).tags
