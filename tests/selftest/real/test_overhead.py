"""Overhead with real packets."""

from __future__ import annotations

import pytest

from usernet.selftest import namespace
from usernet.selftest.check import Effort
from usernet.selftest.real.overhead import CHECKS


@pytest.mark.root
def test_every_row_finds_a_figure() -> None:
    latency, throughput = namespace.rows(CHECKS, Effort(quick=True))
    assert latency.value is not None
    assert latency.value > 0.0, latency
    assert throughput.value is not None
    assert throughput.value > 0.0, throughput
