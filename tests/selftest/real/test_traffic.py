"""What the stamps of a passage say."""

from __future__ import annotations

from usernet.selftest.real.traffic import Passage


def test_a_delay_joins_the_stamps_of_one_number() -> None:
    passage = Passage(came={1: 100, 2: 200, 3: 300}, went={3: 350, 1: 170}, missed=0)
    assert passage.delays() == [50, 70]
