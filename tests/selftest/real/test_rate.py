"""How far a series of departures is behind its rate."""

from __future__ import annotations

import pytest

from usernet.selftest.real.rate import behind

_SIZE, _RATE = 1250, 10_000_000
_SPACING = 1_000_000
"""1250 bytes at 10 Mbit/s take 1 ms."""


def test_packets_at_the_rate_are_not_behind() -> None:
    assert behind([7 + i * _SPACING for i in range(100)], _SIZE, _RATE) == pytest.approx(
        [0.0] * 100
    )


def test_a_packet_half_its_time_late_is_half_a_packet_behind() -> None:
    times = [0, _SPACING * 3 // 2, 2 * _SPACING]
    assert behind(times, _SIZE, _RATE) == pytest.approx([0, _SIZE / 2, 0])


def test_what_leaves_at_once_after_a_pause_was_owed() -> None:
    times = [0, 3 * _SPACING, 3 * _SPACING, 3 * _SPACING, 4 * _SPACING]
    assert behind(times, _SIZE, _RATE) == pytest.approx([0, 2 * _SIZE, _SIZE, 0, 0])


def test_a_late_first_packet_is_behind_those_that_follow() -> None:
    assert behind([_SPACING, _SPACING, 2 * _SPACING], _SIZE, _RATE) == pytest.approx([_SIZE, 0, 0])
