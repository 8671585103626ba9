"""Loss in real time: the same decision for the same packet as in virtual time."""

from __future__ import annotations

from usernet.config.apps import Source
from usernet.config.impairment import Impairment
from usernet.selftest import virtual
from usernet.selftest.check import Check, Effort, Finding, finding
from usernet.selftest.real.disturbance import judged
from usernet.selftest.real.traffic import Pace, through

__all__ = ["CHECKS"]

_SEED = 2


def _decisions(effort: Effort) -> Finding:
    line = Impairment(loss="gemodel 1% 25%")
    pace = Pace(effort.packets(20_000))
    source = Source(size=pace.size, count=pace.packets)
    losses = virtual.run(line, source, "1s", _SEED).losses()
    wanted = {number for number, lost in enumerate(losses) if lost}
    passage = through(line, pace, seed=_SEED)
    lost = passage.came.keys() - passage.went.keys()
    differing = len(lost ^ wanted) + pace.packets - len(passage.came)
    measured = f"{len(lost)} of {len(passage.came)} lost, {differing} decisions differ"
    if passage.missed:
        lacking = f"{measured}; {passage.missed} packets found no room in the kernel"
        return Finding("inconclusive", lacking, float(differing))
    return finding(differing == 0, measured, float(differing))


CHECKS = (
    Check(
        quantity="reproducible",
        test="loss in bursts, UDP packets",
        goal="the packets lost are those lost in virtual time",
        clock="real",
        measure=judged(_decisions),
    ),
)
