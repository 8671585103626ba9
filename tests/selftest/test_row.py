"""Rows as plain values."""

from __future__ import annotations

from usernet.selftest.row import Row


def test_a_row_has_a_key_for_each_attribute() -> None:
    row = Row("delay", "5 ms", "0 ns", "0 ns at most", "pass", 0.0, "virtual")
    assert row.to_dict() == {
        "quantity": "delay",
        "test": "5 ms",
        "goal": "0 ns",
        "measured": "0 ns at most",
        "verdict": "pass",
        "value": 0.0,
        "clock": "virtual",
    }
