"""Namespace: runs the rows of real time where their packets meet nobody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from usernet.selftest.check import Check, Effort, Finding
from usernet.selftest.real.plan import REAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usernet.selftest.row import Row

__all__ = ["rows"]


def rows(checks: Sequence[Check], effort: Effort) -> Iterator[Row]:
    """Measure some checks of `REAL` in a network namespace; each row as it is done.

    Where the machine does not let this user make one, the rows are inconclusive, with the reason.
    """
    done = 0
    reason = "not measured"
    try:
        with subprocess.Popen(
            _command(checks, effort), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            for check, line in zip(checks, child.stdout, strict=False):
                yield check.row(Finding(**json.loads(line)))
                done += 1
            reason = _last_line(child.stderr.read()) or reason
    except OSError as error:
        reason = f"no network namespace: {error}"
    for check in checks[done:]:
        yield check.row(Finding("inconclusive", reason))


def _command(checks: Sequence[Check], effort: Effort) -> list[str]:
    """See unshare(1); who is not root becomes it in a user namespace of their own."""
    flags = ["--net"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--net"]
    chosen = [str(REAL.index(check)) for check in checks]
    measure = [sys.executable, "-m", "usernet.selftest.real", *["--quick"] * effort.quick]
    return ["unshare", *flags, "--", *measure, *chosen]


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
