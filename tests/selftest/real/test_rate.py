"""The bursts of a series of departures."""

from __future__ import annotations

import pytest

from usernet.selftest.real.rate import bursts

_SIZE, _RATE = 1250, 10_000_000
_SPACING = 1_000_000
"""1250 bytes at 10 Mbit/s take 1 ms."""


def test_packets_at_the_rate_are_no_burst() -> None:
    assert bursts([i * _SPACING for i in range(100)], _SIZE, _RATE) == pytest.approx([0.0] * 100)


def test_two_packets_at_once_are_one_ahead() -> None:
    assert bursts([0, 0, _SPACING, 3 * _SPACING], _SIZE, _RATE) == pytest.approx([0, 1250, 1250, 0])


def test_a_pause_saves_nothing_up() -> None:
    times = [0, 50 * _SPACING, 50 * _SPACING + _SPACING // 2]
    assert bursts(times, _SIZE, _RATE) == pytest.approx([0, 0, 625])
