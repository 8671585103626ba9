"""Capturing: captures of a running line are begun and ended, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import Tee
from usernet.config.scenario import Scenario
from usernet.control.capturing import Capture, Capturing
from usernet.errors import CaptureError, ConfigError
from usernet.net.emulation import Emulation, Ends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def capturing() -> Iterator[Capturing]:
    emulation = Emulation(Scenario(), Ends(Tee(), Tee()))
    try:
        yield Capturing(emulation)
    finally:
        emulation.stop()


def test_one_at_a_time(capturing: Capturing, tmp_path: Path) -> None:
    first, second = tmp_path / "first.pcapng", tmp_path / "second.pcapng"
    assert capturing.state() == {"running": False, "available": False}
    with pytest.raises(ConfigError, match="no capture is written that was begun here"):
        capturing.stop()
    assert capturing.start(first) == Capture(first, is_running=True)
    assert capturing.is_running
    with pytest.raises(ConfigError, match="a capture is written already"):
        capturing.start(second)
    assert capturing.stop() == Capture(first, is_running=False)
    assert capturing.state() == {"running": False, "available": True}
    assert first.stat().st_size > 0
    assert not second.exists()


def test_a_failure_is_news_once_and_only_of_its_own_file(
    capturing: Capturing, tmp_path: Path
) -> None:
    path = tmp_path / "full.pcapng"
    error = CaptureError(f"{path}: no space left on device")
    assert not capturing.is_own(error)
    capturing.start(path)
    capturing.stop()
    assert capturing.is_own(error)
    assert not capturing.is_own(CaptureError("another.pcapng: no space left on device"))
    assert capturing.fail(error)
    assert not capturing.fail(error)
    with pytest.raises(CaptureError, match="no space left"):
        capturing.stop()
