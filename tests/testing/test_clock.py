"""The clock of a test's network."""

from __future__ import annotations

import pytest

from usernet.errors import EngineError
from usernet.net.network import Network
from usernet.testing.clock import Clock


def test_it_is_zero_until_the_network_runs() -> None:
    clock = Clock(Network())
    assert clock.time_ns() == 0
    assert clock.now == "0s"


def test_time_passes_by_hand() -> None:
    network = Network()
    clock = Clock(network)
    clock.advance("1.5s")
    assert (clock.time_ns(), clock.time()) == (1_500_000_000, 1.5)
    assert clock.now == "1500ms"
    assert repr(clock) == "<Clock 1.5s>"
    network.stop()


def test_real_time_passes_by_itself() -> None:
    network = Network()
    clock = Clock(network)
    with network:
        assert clock.now > 0
        with pytest.raises(EngineError, match="do not mix"):
            clock.advance("1s")
