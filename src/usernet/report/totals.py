"""Totals of a run: each impairment's counters, and the few numbers that come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.report import amount
from usernet.report.element import Html, element, joined, table
from usernet.report.series import delay_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usernet.engine.statistics import ImpairmentStatistics
    from usernet.net.recorder import Recording
    from usernet.report.timeline import Change

__all__ = ["glance", "totals_table"]

_MOST_CARDS = 8


def glance(
    recording: Recording, totals: Mapping[str, ImpairmentStatistics], changes: Sequence[Change]
) -> Html:
    """A card for each direction of the link, or of the first links: rate, loss and delay."""
    if not recording.samples:
        return Html("")
    first, last = recording.samples[0].time_ns, recording.samples[-1].time_ns
    seconds = (last - first) / 1e9
    names = [name for name in totals if name.rpartition("/")[2] in {"up", "down"}]
    names.sort(key=lambda name: (name.rpartition("/")[0], name.endswith("down")))
    cards = [
        _card(name, totals[name], seconds, delay_ms(recording, name, changes).highest)
        for name in names[:_MOST_CARDS]
    ]
    return element("div", *cards, class_="cards")


def _card(name: str, one: ImpairmentStatistics, seconds: float, longest_ms: float) -> Html:
    mean = amount.rate(one.bytes_out * 8 / seconds) if seconds else "–"
    dropped = f"{amount.count(one.dropped_total)} of {amount.count(one.packets_in)} packets"
    parts = (
        element("h2", name),
        _figure("mean rate out", mean, amount.size(one.bytes_out)),
        _figure("dropped", amount.share(one.dropped_total, one.packets_in), dropped),
        _figure("longest delay", amount.duration(longest_ms * 1e6), "configured + queue"),
    )
    return element("div", *parts, class_="card")


def _figure(what: str, value: str, more: str) -> Html:
    shown = element("b", value)
    return element("p", element("span", what), shown, element("small", more), class_="figure")


def totals_table(totals: Mapping[str, ImpairmentStatistics]) -> Html:
    """All counters, one column an impairment."""
    every = list(totals.values())
    causes = sorted({cause for one in every for cause, number in one.dropped.items() if number})
    rows: list[tuple[str, list[int]]] = [
        ("packets in", [one.packets_in for one in every]),
        ("bytes in", [one.bytes_in for one in every]),
        ("packets out", [one.packets_out for one in every]),
        ("bytes out", [one.bytes_out for one in every]),
        ("dropped", [one.dropped_total for one in every]),
        *((f"· by {cause}", [one.dropped.get(cause, 0) for one in every]) for cause in causes),
        ("marked (ECN)", [one.marked for one in every]),
        ("duplicated", [one.duplicated for one in every]),
        ("corrupted", [one.corrupted for one in every]),
        ("reordered", [one.reordered for one in every]),
        ("in the queue at the end", [one.queue_packets for one in every]),
        ("in the delay line at the end", [one.delayed for one in every]),
    ]
    cells = ((name, *(amount.count(number) for number in numbers)) for name, numbers in rows)
    body = table(("", *totals), cells, class_="numbers narrow")
    return element("section", joined((element("h2", "Totals"), body)))
