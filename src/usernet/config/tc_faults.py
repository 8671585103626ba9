"""What parameters of netem do that they do not say; the figures are computed, not quoted."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from usernet.config import units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["faults", "netem_loss"]

_DEFAULT_LIMIT = 1000
_FULL_PACKET = 1514
_RARE = 5e-5


def faults(found: Mapping[str, str]) -> Iterator[str]:
    """One sentence about each parameter that does not do what it says.

    Args:
        found: Keys of an impairment and their texts, as read from a line of tc.
    """
    for check in (_correlation, _jitter, _shape, _reorder, _limit, _corrupt, _seed):
        yield from check(found)


def netem_loss(p: float, correlation: float) -> float:
    """The share of packets that netem drops for ``loss p correlation``.

    It compares p with x ← (1-r)·U + r·x, which is no longer uniform. Its distribution function is
    the fixed point of F(x) = r/(1-r) · [G(x/r) - G((x-1+r)/r)], G the integral of F.
    """
    if not 0 < correlation < 1:
        return p
    cells = 1000
    values = [cell / cells for cell in range(cells + 1)]
    for _ in range(min(400, math.ceil(math.log(1e-6) / math.log(correlation)) + 2)):
        values = _filtered(values, correlation)
    return _interpolated(values, p * cells)


def _filtered(values: list[float], rho: float) -> list[float]:
    """One step towards the fixed point, on a grid over [0, 1]."""
    cells = len(values) - 1
    sums = [0.0]
    for left, right in itertools.pairwise(values):
        sums.append(sums[-1] + (left + right) / 2 / cells)

    def integral(x: float) -> float:
        return 0.0 if x <= 0 else sums[-1] + x - 1 if x >= 1 else _interpolated(sums, x * cells)

    places = (cell / cells for cell in range(cells + 1))
    return [rho / (1 - rho) * (integral(x / rho) - integral((x - 1 + rho) / rho)) for x in places]


def _interpolated(values: list[float], place: float) -> float:
    cell = min(int(place), len(values) - 2)
    return values[cell] + (place - cell) * (values[cell + 1] - values[cell])


def _correlation(found: Mapping[str, str]) -> Iterator[str]:
    for key in ("loss", "duplicate", "corrupt", "reorder"):
        texts = found.get(key, "").removeprefix("random ").split()
        if len(texts) != 2 or texts[0] in {"state", "gemodel"}:  # noqa: PLR2004 - p and correlation
            continue
        p, correlation = (units.probability(text, path=f"tc.{key}") for text in texts)
        true = netem_loss(p, correlation)
        if p and correlation and not math.isclose(true, p, rel_tol=0.01):
            said = f"about {true:.2%}" if true >= _RARE else "less than 0.01%"
            yield f"{key} {texts[0]} {texts[1]}: its correlation makes that {said} of the packets"


def _jitter(found: Mapping[str, str]) -> Iterator[str]:
    if "jitter" not in found:
        return
    if units.probability(found.get("jitter_correlation", "0"), path="tc.delay"):
        # netem takes its correlated number modulo the jitter or the table: the low bits alone.
        yield "delay: its correlation has no effect"
    if "rate" not in found:
        yield "delay: jitter reorders packets that are closer together than it"


def _shape(found: Mapping[str, str]) -> Iterator[str]:
    # The tables' mean and standard deviation are not 0 and 1.
    shapes = {"pareto": (-0.033, 0.82), "paretonormal": (-0.025, 0.83)}
    if shape := shapes.get(found.get("distribution", "")):
        mean, deviation = shape
        yield (
            f"distribution {found['distribution']}: its mean is {mean} and its deviation"
            f" {deviation} of the jitter, not 0 and 1"
        )


def _reorder(found: Mapping[str, str]) -> Iterator[str]:
    if "reorder" in found and not units.nanoseconds(found.get("delay", "0"), path="tc.delay"):
        yield "reorder: without a delay there is nothing to overtake; left out"


def _limit(found: Mapping[str, str]) -> Iterator[str]:
    """The limit counts packets in flight: it must hold rate by delay."""
    if "rate" not in found or "delay" not in found:
        return
    rate = units.bits_per_second(found["rate"], path="tc.rate")
    delay = units.nanoseconds(found["delay"], path="tc.delay")
    needed = math.ceil(rate * delay / 8e9 / _FULL_PACKET)
    limit = int(found.get("limit", _DEFAULT_LIMIT))
    if needed > limit:
        yield f"limit {limit}: rate by delay is {needed} packets in flight; the others are dropped"


def _corrupt(found: Mapping[str, str]) -> Iterator[str]:
    if "corrupt" in found:
        yield "corrupt: the flipped bit breaks the checksum, so TCP and UDP see loss"


def _seed(found: Mapping[str, str]) -> Iterator[str]:
    if "seed" in found:
        yield "seed: netem seeds only a part of its draws; give the seed to the run instead"
