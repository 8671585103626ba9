"""The machine in words."""

from __future__ import annotations

import platform

from usernet.selftest.machine import machine


def test_every_part_is_named() -> None:
    found = machine()
    assert list(found) == ["processor", "cores", "system", "Python", "usernet"]
    assert all(found.values())
    assert found["Python"] == platform.python_version()
