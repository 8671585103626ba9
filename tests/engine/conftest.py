"""Fixtures of the engine's tests: two hosts, in either time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .two_hosts import Net

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["virtual", "real"])
def net(request: pytest.FixtureRequest) -> Iterator[Net]:
    net = Net(virtual=request.param == "virtual")
    yield net
    net.engine.stop()


@pytest.fixture
def virtual() -> Iterator[Net]:
    net = Net(virtual=True, delay="10ms")
    yield net
    net.engine.stop()


@pytest.fixture
def real() -> Iterator[Net]:
    net = Net(virtual=False)
    yield net
    net.engine.stop()
