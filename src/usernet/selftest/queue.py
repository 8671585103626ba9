"""Queue: how long packets wait in it."""

from __future__ import annotations

from functools import partial

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import stats, virtual
from usernet.selftest.check import Check, Effort, Finding, finding

__all__ = ["CHECKS", "poisson_waits"]

_ARRIVALS = 10_000
"""Packets a second."""
_SPREAD_S = 10
"""Each packet is delayed by a uniform 0 to 10 s: 100,000 times the distance between two."""
_SIZE = 1250


def poisson_waits(load: float, packets: int, seed: int) -> list[float]:
    """How long each packet of random arrivals waits for the serializer, in service times.

    Evenly spaced points that are each moved at random, by far more than their spacing, become a
    Poisson process (Doob, Stochastic Processes, 1953, VIII.5): a delay with as much jitter makes
    the random arrivals.
    """
    spread = Impairment(delay="5s", jitter="5s", distribution="uniform")
    bits = round(_ARRIVALS * _SIZE * 8 / load)
    server = Impairment(rate=f"{bits}bit", queue="1000000packets")
    source = Source(size=_SIZE, packets_per_second=_ARRIVALS, count=packets)
    seconds = packets // _ARRIVALS
    _, log = virtual.run_chain([spread, server], source, f"{seconds}s", seed)
    service = _SIZE * 8e9 / bits
    return [
        (out - came) / service - 1.0
        for _, came, out in log.passages()
        if came > _SPREAD_S * 1_000_000_000
    ]


def _random_arrivals(load: float, effort: Effort) -> Finding:
    """The mean wait of M/D/1, ρ / (2 (1 - ρ)) service times (Pollaczek and Khinchine)."""
    waits = poisson_waits(load, max(300_000, effort.packets(1_000_000)), seed=7)
    wanted = load / (2.0 * (1.0 - load))
    found, _ = stats.moments(waits)
    error = found / wanted - 1.0
    measured = f"{found:.4f} for {wanted:.4f} service times, {error:+.2%}, {len(waits)} packets"
    return finding(abs(error) <= 0.02, measured, error)  # noqa: PLR2004


def _drop_tail(effort: Effort) -> Finding:
    del effort
    line = Impairment(rate="100mbit", queue="1000packets")
    source = Source(size=_SIZE, packets_per_second=20_000, count=20_000)
    log = virtual.run(line, source, "2s", seed=8)
    longest, wanted = max(log.delays()), 1000 * _SIZE * 8 * 10
    error = longest / wanted - 1.0
    return finding(abs(error) <= 0.02, f"{longest / 1e6:.1f} ms, {error:+.2%}", error)  # noqa: PLR2004


CHECKS = (
    *(
        Check(
            "queue",
            f"random arrivals, load {load:.0%}",
            "mean wait of M/D/1 ± 2 %",
            "virtual",
            partial(_random_arrivals, load),
        )
        for load in (0.5, 0.7)
    ),
    Check(
        "queue",
        "drop-tail, 1000 packets at 100 Mbit/s",
        "largest delay 100 ms ± 2 %",
        "virtual",
        _drop_tail,
    ),
)
