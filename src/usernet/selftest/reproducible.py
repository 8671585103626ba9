"""Reproducible: one seed gives one event log, byte for byte."""

from __future__ import annotations

import hashlib

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import virtual
from usernet.selftest.check import Check, Effort, Finding, finding

__all__ = ["CHECKS", "DIGEST", "digest"]

_RUNS = 3
DIGEST = "d5b9146abb0abad30af265f0647da341f83cadbc6a99c32bb5160d448e59318d"
"""SHA-256 of the event log on every machine."""


def digest(seed: int = 10) -> str:
    """The SHA-256 of the event log of a line with every random effect on."""
    line = Impairment(
        delay="40ms",
        jitter="5ms",
        distribution="normal",
        jitter_correlation="25%",
        loss="gemodel 1% 25%",
        duplicate="1%",
        corrupt="1%",
        reorder="1%",
        rate="20mbit",
        queue="100packets",
    )
    source = Source(size=1250, packets_per_second=2_100, count=21_000)
    return hashlib.sha256(virtual.raw_log([line], source, "11s", seed)).hexdigest()


def _measure(effort: Effort) -> Finding:
    del effort
    found = {digest() for _ in range(_RUNS)}
    met = found == {DIGEST}
    return finding(met, f"{len(found)} different: {', '.join(one[:16] for one in sorted(found))}")


CHECKS = (
    Check(
        quantity="reproducible",
        test=f"every effect on, one seed, {_RUNS} runs",
        goal=f"event log with SHA-256 {DIGEST[:16]}…, on every machine",
        clock="virtual",
        measure=_measure,
    ),
)
