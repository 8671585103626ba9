"""The rows of real time, where they can be measured and where they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.selftest import Effort, namespace
from usernet.selftest.real.plan import REAL

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_without_namespaces_every_row_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    rows = list(namespace.rows(REAL, Effort()))
    assert [row.quantity for row in rows] == [check.quantity for check in REAL]
    assert {row.verdict for row in rows} == {"inconclusive"}
    assert all("unshare" in row.measured for row in rows)


def test_a_refused_namespace_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    rows = list(namespace.rows(REAL, Effort()))
    assert {row.measured for row in rows} == {"unshare failed: Operation not permitted"}
