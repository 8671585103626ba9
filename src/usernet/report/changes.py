"""Changes: what a scenario does to a line over time, for the report's plots and its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config import timeline
from usernet.report.timeline import Change, Configured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usernet.config.impairment import Impairment
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario

__all__ = ["changes", "changes_of"]

_MOST = 2000
"""Changes beyond these are not told: a ramp has ten a second."""


def changes(scenario: Scenario, start_ns: int, end_ns: int) -> tuple[Change, ...]:
    """What held from the start of a run, and each change until its end.

    Args:
        scenario: What ran.
        start_ns: When it started, on the engine's clock.
        end_ns: When it ended, on the same clock.
    """
    steps = timeline.steps(scenario, end_ns - start_ns)
    return changes_of((start_ns + at, link) for at, link in steps)


def changes_of(history: Iterable[tuple[int, Link]]) -> tuple[Change, ...]:
    """What held from the first moment of a history, and each change after it.

    Args:
        history: What the link became, and when on the engine's clock.
    """
    told: list[Change] = []
    before: dict[str, Impairment] = {}
    for at, link in history:
        now = dict(_impairments(link))
        if now == before:
            continue
        text = _text(before, now) if before else ""
        configured = {name: _configured(one) for name, one in now.items()}
        told.append(Change(at, text, configured))
        before = now
        if len(told) == _MOST:
            break
    return tuple(told)


def _impairments(link: Link) -> Iterator[tuple[str, Impairment]]:
    yield "up", link.up
    yield "down", link.down
    for part in link.parts:
        yield f"up/{part.name}", part.up
        yield f"down/{part.name}", part.down


def _configured(impairment: Impairment) -> Configured:
    return Configured(impairment.rate, impairment.delay)


def _text(before: dict[str, Impairment], now: dict[str, Impairment]) -> str:
    """Each impairment that has changed, and what it is now."""
    changed = (name for name, one in now.items() if before.get(name) != one)
    return "; ".join(f"{name}: {now[name].brief() or 'perfect'}" for name in changed)
