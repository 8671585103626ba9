"""Reproducible: the digest of a run."""

from __future__ import annotations

from usernet.selftest.check import Effort
from usernet.selftest.reproducible import CHECKS, DIGEST, digest


def test_a_seed_has_one_digest() -> None:
    (check,) = CHECKS
    assert check.run(Effort()).verdict == "pass"


def test_another_seed_has_another() -> None:
    assert digest(seed=11) != DIGEST
