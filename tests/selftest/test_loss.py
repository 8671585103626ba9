"""Loss: the rows of virtual time, to the packet."""

from __future__ import annotations

import pytest

from usernet.selftest.check import Check, Effort
from usernet.selftest.loss import CHECKS, losses

_VALUES = {
    ("loss rate", "0.1%"): 0.00102,
    ("loss rate", "1%"): 0.01002,
    ("loss rate", "5%"): 0.04924,
    ("loss rate", "20%"): 0.20085,
    ("loss rate", "50%"): 0.50116,
    ("correlated loss", "0.3% 25%"): 0.003,
    ("correlated loss", "1% 25%"): 0.01012,
    ("correlated loss", "10% 50%"): 0.09761,
    ("correlated loss", "20% 50%"): 0.19853,
    ("loss after loss", "0.3% 25%"): 0.3,
    ("loss after loss", "1% 25%"): 0.274703557312253,
    ("loss after loss", "10% 50%"): 0.5444114332547895,
    ("loss after loss", "20% 50%"): 0.5974915629879615,
    ("loss after loss", "gemodel 1% 25%"): 0.7550758159856078,
    ("loss after loss", "burst 2% 5"): 0.7933884297520661,
    ("loss in bursts", "gemodel 1% 25%"): 0.03891,
    ("loss in bursts", "gemodel 2% 40% 80% 1%"): 0.04726,
    ("loss in bursts", "state 1% 20% 30% 50% 0.5%"): 0.04905,
    ("loss in bursts", "burst 2% 5"): 0.01936,
    ("lengths of bursts", "gemodel 1% 25%"): 0.49107973980659514,
    ("lengths of bursts", "burst 2% 5"): 0.4497712575709427,
}
"""What each row finds with few packets: the same on every machine."""


def test_every_row_has_its_value() -> None:
    assert [(check.quantity, check.test) for check in CHECKS] == list(_VALUES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.quantity} {check.test}")
def test_rows(check: Check) -> None:
    row = check.run(Effort(quick=True))
    assert row.verdict == "pass", row
    assert row.value == pytest.approx(_VALUES[check.quantity, check.test], rel=1e-9, abs=1e-9)


def test_losses_are_by_packet_in_their_order() -> None:
    """A loss that never ends after the first: state 1 to 3, and never back."""
    decided = losses("gemodel 100% 0%", 100)
    assert decided == bytes([decided[0]]) + b"\1" * 99
