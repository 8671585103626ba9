"""Loss: its rate for each model, and how losses follow each other."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.config.loss import GilbertElliott, parse_loss
from usernet.selftest import stats, virtual
from usernet.selftest.check import Check, Effort, Finding, finding

__all__ = ["CHECKS", "PACKETS", "RATES", "losses"]

PACKETS = 1_000_000
RATES = ("0.1%", "1%", "5%", "20%", "50%")
CORRELATED = ("0.3% 25%", "1% 25%", "10% 50%", "20% 50%")
"""What tc's manual page and its readers ask for; netem itself loses far fewer than that."""
BURSTS = ("gemodel 1% 25%", "gemodel 2% 40% 80% 1%", "state 1% 20% 30% 50% 0.5%", "burst 2% 5")
CHAINS = ("gemodel 1% 25%", "burst 2% 5")
"""Models that lose all in the bad state and nothing in the good one."""

_SIGMAS, _LEAST_P = 3.0, 0.01
_KEPT = b"\0"


def losses(loss: str, packets: int, seed: int = 2) -> bytes:
    """What a loss model does to so many packets, in their order: 1 is lost, 0 is not."""
    log = virtual.run(Impairment(loss=loss), Source(size=60, count=packets), "10s", seed)
    return log.losses()


def _rate(loss: str, effort: Effort) -> Finding:
    """The Clopper-Pearson interval contains the rate asked for."""
    decided = losses(loss, effort.packets(PACKETS))
    low, high = stats.clopper_pearson(sum(decided), len(decided))
    found = sum(decided) / len(decided)
    met = low <= _wanted(loss) <= high and len(decided) == effort.packets(PACKETS)
    return finding(met, f"{found:.4%} in {low:.4%} … {high:.4%}, {len(decided)} packets", found)


def _share(loss: str, effort: Effort) -> Finding:
    """The share lost by a model with a memory, against its closed form."""
    decided = losses(loss, effort.packets(PACKETS))
    found = sum(decided) / len(decided)
    error = stats.batch_error(decided)
    sigmas = (found - _wanted(loss)) / error
    return finding(
        abs(sigmas) <= _SIGMAS, f"{found:.4%}, {sigmas:+.1f} σ, {len(decided)} packets", found
    )


def _follows(loss: str, effort: Effort) -> Finding:
    """The probability that a loss follows a loss."""
    model = parse_loss(loss)
    decided = losses(loss, effort.packets(PACKETS))
    before = sum(decided[:-1])
    wanted = 1.0 - model.r if isinstance(model, GilbertElliott) else _after_loss(loss)
    found = _pairs(decided) / before
    sigmas = (found - wanted) / math.sqrt(wanted * (1.0 - wanted) / before)
    measured = f"{found:.4f} for {wanted:.4f}, {sigmas:+.1f} σ, {before} losses"
    return finding(abs(sigmas) <= _SIGMAS, measured, found)


def _runs(loss: str, effort: Effort) -> Finding:
    """The lengths of runs of losses, against the geometric distribution."""
    model = parse_loss(loss)
    assert isinstance(model, GilbertElliott)
    lengths = [len(run) for run in losses(loss, effort.packets(PACKETS)).split(_KEPT) if run]
    bins = 1 + int(math.log(5.0 / len(lengths)) / math.log(1.0 - model.r))
    counts = Counter(min(length, bins) for length in lengths)
    expected = [(1.0 - model.r) ** (k - 1) * model.r for k in range(1, bins)]
    expected.append((1.0 - model.r) ** (bins - 1))
    observed = [counts[k] for k in range(1, bins + 1)]
    p = stats.chi_square(observed, [len(lengths) * share for share in expected])
    return finding(p > _LEAST_P, f"p = {p:.3f}, {len(lengths)} runs", p)


def _pairs(decided: bytes) -> int:
    """How many losses follow a loss."""
    return sum(len(run) - 1 for run in decided.split(_KEPT) if run)


def _wanted(loss: str) -> float:
    model = parse_loss(loss)
    return model.rate if model else 0.0


def _after_loss(loss: str) -> float:
    """Of a two-state chain with loss p and correlation ρ: p + ρ(1 - p)."""
    p, correlation = (float(word.rstrip("%")) / 100.0 for word in loss.split())
    return p + correlation * (1.0 - p)


def _check(quantity: str, test: str, goal: str, measure: partial[Finding]) -> Check:
    return Check(quantity, test, goal, "virtual", measure)


_WITHIN = "within 3 σ of the closed form"
CHECKS = (
    *(
        _check("loss rate", rate, f"99 % interval contains {rate}", partial(_rate, rate))
        for rate in RATES
    ),
    *(
        _check(
            "correlated loss", loss, f"keeps {loss.split()[0]}, within 3 σ", partial(_share, loss)
        )
        for loss in CORRELATED
    ),
    *(
        _check("loss after loss", loss, _WITHIN, partial(_follows, loss))
        for loss in (*CORRELATED, *CHAINS)
    ),
    *(_check("loss in bursts", loss, _WITHIN, partial(_share, loss)) for loss in BURSTS),
    *(
        _check("lengths of bursts", loss, "geometric: χ² p > 0.01", partial(_runs, loss))
        for loss in CHAINS
    ),
)
