"""Which keys of an impairment cannot stand together; the errors name both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.impairment import Impairment

__all__ = ["check"]

_NOT_NETEMS = ("queue", "aqm", "trace", "policer", "outage", "mtu")


def check(impairment: Impairment, path: str = "") -> None:
    """Raise ConfigError for the first pair of keys that contradict each other."""
    for key, wrong, problem, allowed in _rules(impairment):
        if wrong:
            raise ConfigError(problem, path=f"{path}.{key}" if path else key, allowed=allowed)


def _rules(link: Impairment) -> list[tuple[str, bool, str, str]]:
    """Each rule as key, whether it is broken, what is wrong, and what is allowed."""
    paced = link.rate is not None or link.trace is not None
    return [
        ("trace", bool(link.trace and link.rate), "a trace and a rate", 'one, the other "none"'),
        ("queue", bool(link.queue) and not paced, "a queue that never fills", _WITH_RATE),
        ("aqm", bool(link.aqm) and not paced, "an aqm without a queue to fill", _WITH_RATE),
        ("overhead", bool(link.overhead) and link.rate is None, "overhead without rate", _RATE),
        ("cell", bool(link.cell) and link.rate is None, "cell without rate", _RATE),
        ("cell_overhead", bool(link.cell_overhead) and not link.cell, _CELLS, "with cell"),
        ("gap", link.gap != 1 and not link.reorder, "gap without reorder", "with reorder"),
        ("reorder", bool(link.reorder) and not link.delay, "reorder without delay", _WITH_DELAY),
        ("limit", bool(link.limit) and not link.compat, "limit without compat", _QUEUE),
        *_netem(link),
    ]


def _netem(link: Impairment) -> list[tuple[str, bool, str, str]]:
    netem = link.compat == "netem"
    given = [(key, netem and getattr(link, key) is not None) for key in _NOT_NETEMS]
    given.append(("allow_reordering", netem and not link.allow_reordering))
    return [(key, wrong, f"netem has no {key}", 'compat = "none"') for key, wrong in given]


_WITH_RATE = "with rate or trace"
_RATE = "with rate"
_CELLS = "cell_overhead without cell"
_WITH_DELAY = "with a delay above the time between packets, which a reordered packet skips"
_QUEUE = 'limit is netem\'s: with compat = "netem", else use queue'
