"""Wire: what the meters of a network say about a link, or about two hosts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast

from usernet.config.link import DIRECTIONS
from usernet.net.flow import FlowStatistics
from usernet.net.meters import Counts
from usernet.net.recovery import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from usernet.config.impairment import Impairment
    from usernet.config.link import Link
    from usernet.engine.statistics import Statistics
    from usernet.net.assembly import Assembly

__all__ = ["between", "of_link"]

_Counters: TypeAlias = Mapping[str, object]
_Pairs: TypeAlias = Mapping[str, _Counters]


def of_link(assembly: Assembly, name: str, directions: Sequence[str]) -> FlowStatistics:
    """What happened on a link, in these directions together."""
    line = assembly.blueprint.lines[name]
    statistics = assembly.engine.statistics()
    lanes = [line.direction(direction) for direction in directions]
    first, second = line.first.app, line.second.app
    arrow = "↔" if len(directions) > 1 else "→" if directions[0] == "up" else "←"
    return FlowStatistics(
        f"{first} {arrow} {second}",
        Counts.total([*_counts(assembly, statistics, [f"{lane}:sent" for lane in lanes])]),
        Counts.total([*_counts(assembly, statistics, [f"{lane}:received" for lane in lanes])]),
        _dropped(statistics, lanes),
        statistics.time_ns,
        tuple(_moments(assembly.history(name), directions)),
    )


def between(assembly: Assembly, first: str, second: str) -> FlowStatistics:
    """What happened on the wire from one host to another."""
    hosts = assembly.blueprint.plan.hosts
    sources, destinations = ({str(a.ip) for a in hosts[name].addresses} for name in (first, second))

    def is_ours(pair: str) -> bool:
        source, _, destination = pair.partition(" ")
        return source in sources and destination in destinations

    statistics = assembly.engine.statistics()
    passed = [lane for lane in _lanes(assembly) if _has(statistics, f"{lane[1]}:sent", is_ours)]
    out = [f"{lane}:sent" for start, lane, _ in passed if start == first]
    into = [f"{lane}:received" for _, lane, end in passed if end == second]
    names = dict.fromkeys(lane.rpartition("/")[0] for _, lane, _ in passed)
    moments = [one for name in names for one in _moments(assembly.history(name), DIRECTIONS)]
    return FlowStatistics(
        f"{first} → {second}",
        Counts.total([*_counts(assembly, statistics, out, is_ours)]),
        Counts.total([*_counts(assembly, statistics, into, is_ours)]),
        _dropped(statistics, [lane for _, lane, _ in passed]),
        statistics.time_ns,
        tuple(sorted(moments, key=lambda moment: moment.time_ns)),
    )


def _lanes(assembly: Assembly) -> Iterator[tuple[str, str, str]]:
    """Every direction of every link: where it starts, its name, where it ends."""
    for line in assembly.blueprint.lines.values():
        if line.is_wire:
            continue
        first, second = line.first.app, line.second.app
        yield first, line.direction("up"), second
        yield second, line.direction("down"), first


def _pairs(statistics: Statistics, meter: str) -> _Pairs:
    return cast("_Pairs", statistics.apps[meter]["pairs"])


def _has(statistics: Statistics, meter: str, is_ours: Callable[[str], bool]) -> bool:
    return any(is_ours(pair) for pair in _pairs(statistics, meter))


def _everything(pair: str) -> bool:
    del pair
    return True


def _counts(
    assembly: Assembly,
    statistics: Statistics,
    meters: Iterable[str],
    is_ours: Callable[[str], bool] = _everything,
) -> Iterator[Counts]:
    """What passed these meters, for each pair of addresses that is ours."""
    for meter in meters:
        series = cast("_Pairs", assembly.engine.series(meter))
        for pair, counters in _pairs(statistics, meter).items():
            if is_ours(pair):
                yield Counts.from_core(counters, series.get(pair))


def _dropped(statistics: Statistics, lanes: Iterable[str]) -> Mapping[str, int]:
    dropped: dict[str, int] = {}
    for lane in lanes:
        for name, one in statistics.impairments.items():
            if name == lane or name.startswith(f"{lane}/"):
                for cause, count in one.dropped.items():
                    dropped[cause] = dropped.get(cause, 0) + count
    return MappingProxyType(dropped)


def _moments(history: Iterable[tuple[int, Link]], directions: Sequence[str]) -> Iterator[Moment]:
    """When the link became something else in these directions; how it began is no moment."""
    before: list[Impairment] | None = None
    for time, link in history:
        now = [link.up if one == "up" else link.down for one in directions]
        if before is not None and now != before:
            said = (
                f"{one} {impairment.brief() or 'perfect'}"
                for one, impairment in zip(directions, now, strict=True)
            )
            yield Moment(time, any(one.down for one in now), ", ".join(said))
        before = now
