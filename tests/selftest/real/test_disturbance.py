"""A miss on a busy machine proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from usernet.selftest.check import Finding
from usernet.selftest.real.disturbance import Usage, disturbance, excused

_BEFORE = Usage(at=100.0, busy=50.0, stolen=1.0, own=2.0)
_QUIET = Usage(at=104.0, busy=51.0, stolen=1.0, own=2.8)
"""Four seconds later: 1 s of work, 0.8 s of it this process's own."""


@pytest.mark.parametrize(
    ("after", "cores", "reason"),
    [
        (_QUIET, 2, ""),
        (_QUIET, 1, "sender and emulator share the only core"),
        (replace(_QUIET, stolen=1.04), 2, "the hypervisor took 1.0% of a core"),
        (replace(_QUIET, busy=54.8), 2, "other programs used 100% of a core"),
        (
            replace(_QUIET, busy=52.8, stolen=1.4),
            2,
            "other programs used 50% of a core and the hypervisor took 10.0% of a core",
        ),
    ],
)
def test_what_disturbs_is_named(after: Usage, cores: int, reason: str) -> None:
    assert disturbance(_BEFORE, after, cores) == reason


def test_time_and_use_only_grow() -> None:
    before = Usage.now()
    after = Usage.now()
    assert after.at > before.at
    assert (after.busy, after.stolen, after.own) >= (before.busy, before.stolen, before.own)


def test_a_miss_with_a_reason_is_excused() -> None:
    missed, met = Finding("short", "120 µs", 120.0), Finding("pass", "12 µs", 12.0)
    assert excused(missed, "") == missed
    assert excused(met, "busy") == met
    assert excused(missed, "busy") == Finding("inconclusive", "120 µs; busy", 120.0)
