"""What a running line says: events as JSON, a live view on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.live import Live as Screen

    from usernet.config.impairment import Impairment
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario
    from usernet.engine import ImpairmentStatistics, Statistics
    from usernet.engine.fidelity import Fidelity

__all__ = ["Live", "record", "summary"]


class Live:
    """Tells a person, or a program, what a line between two ends is doing.

    Args:
        between: The names of the two ends.
        quiet: Say nothing.
        as_json: Say it as JSON on stdout, one object a line.
    """

    def __init__(self, between: tuple[str, str], *, quiet: bool, as_json: bool) -> None:
        self._between = between
        self._json = as_json
        self._said = not quiet and not as_json
        self._screen: Screen | None = None
        self._last: Statistics | None = None

    @property
    def shown(self) -> bool:
        """Whether a live view stands on a terminal."""
        return self._screen is not None

    def ready(self, scenario: Scenario, url: str | None = None) -> None:
        """Packets flow; the page and the API are there."""
        first, second = self._between
        if self._json:
            served = {} if url is None else {"serve": url}
            _event("ready", between=self._between, seed=scenario.seed or 0, **served)
        if not self._said:
            return
        _say(f"emulating between {first} and {second}; Ctrl-C ends it")
        _say(f"  up   {first} → {second}   {scenario.link.up.brief() or 'perfect'}")
        _say(f"  down {second} → {first}   {scenario.link.down.brief() or 'perfect'}")
        for line in _parts(scenario.link):
            _say(f"  {line}")
        if sys.stderr.isatty():
            self._open()

    def show(self, statistics: Statistics) -> None:
        """What has happened since the last time."""
        if self._screen is not None and self._last is not None:
            self._screen.update(_table(self._last, statistics), refresh=True)
        self._last = statistics

    def close(self) -> None:
        """Give the terminal back."""
        if self._screen is not None:
            self._screen.stop()
            self._screen = None

    def end(self, statistics: Statistics, fidelity: Fidelity) -> None:
        """It is over."""
        self.close()
        if self._json:
            impairments = {name: record(one) for name, one in statistics.impairments.items()}
            _event("end", fidelity=asdict(fidelity), impairments=impairments)
        if self._said:
            width = max(map(len, statistics.impairments), default=0)
            for name, one in _up_first(statistics):
                _say(f"  {name:<{width}} {summary(one)}")
            if lost := statistics.apps.get("capture", {}).get("lost"):
                _say(f"  capture: the disk was too slow for {lost} packets, which are not in it")
            _say(f"fidelity: {fidelity}")

    def _open(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - slow to import, and only for terminals
        from rich.live import Live as Screen  # noqa: PLC0415

        self._screen = Screen(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._screen.start()


def _parts(link: Link) -> Iterator[str]:
    """A line for each flow and each bottleneck."""
    for flow in link.flows:
        process = f"process {flow.process}" if flow.process else ""
        taken = ", ".join(part for part in (flow.filter, process) if part)
        share = f"   shares {flow.share}, weight {flow.weight}" if flow.share else ""
        yield f"flow {flow.name} ({taken})   {_sides(flow.up, flow.down)}{share}"
    for one in link.bottlenecks:
        yield f"bottleneck {one.name}   {_sides(one.up, one.down)}"


def _sides(up: Impairment, down: Impairment) -> str:
    return f"up {up.brief() or 'perfect'}   down {down.brief() or 'perfect'}"


def _up_first(statistics: Statistics) -> list[tuple[str, ImpairmentStatistics]]:
    named = statistics.impairments.items()
    return sorted(named, key=lambda one: (not one[0].startswith("up"), one[0]))


def _rate(bits: float) -> str:
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bits >= size:
            return f"{bits / size:.2f} {unit}"
    return f"{bits:.0f} bit/s"


def _event(event: str, **values: object) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def record(one: ImpairmentStatistics) -> dict[str, object]:
    """What an impairment did, as plain values."""
    return one.plain()


def summary(one: ImpairmentStatistics) -> str:
    """What an impairment did, in a line."""
    causes = ", ".join(f"{count} {cause}" for cause, count in one.dropped.items() if count)
    dropped = f"dropped {one.dropped_total} ({causes})" if causes else "dropped none"
    return f"{one.packets_in} packets in, {one.packets_out} out, {dropped}"


def _table(before: Statistics, now: Statistics) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415 - slow to import, and only for terminals

    table = Table("", "in", "out", "queue", "in flight", "dropped", box=None)
    seconds = max(1, now.time_ns - before.time_ns) / 1e9
    for name, one in _up_first(now):
        old = before.impairments.get(name, one)
        rates = (one.bytes_in - old.bytes_in, one.bytes_out - old.bytes_out)
        bits = (_rate(count * 8 / seconds) for count in rates)
        queue = f"{one.queue_ns / 1e6:.0f} ms"
        table.add_row(name, *bits, queue, str(one.delayed), str(one.dropped_total))
    return table
