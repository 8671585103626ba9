"""Metrics: what was counted, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.engine.fidelity import fidelity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usernet.control import Control
    from usernet.engine import ImpairmentStatistics, Statistics

__all__ = ["CONTENT_TYPE", "metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS = (
    ("packets_in", "Packets that came."),
    ("bytes_in", "Bytes that came."),
    ("packets_out", "Packets that went."),
    ("bytes_out", "Bytes that went."),
    ("marked", "Packets marked with Congestion Experienced."),
    ("duplicated", "Second packets made."),
    ("corrupted", "Packets with a bit flipped."),
    ("reordered", "Packets sent before those that wait."),
)
_GAUGES = (
    ("delayed", "packets_delayed", "Packets in the delay line.", 1.0),
    ("queue_packets", "queue_packets", "Packets in the queue.", 1.0),
    ("queue_bytes", "queue_bytes", "Bytes in the queue.", 1.0),
    ("queue_ns", "queue_seconds", "How long a packet that comes now stands in the queue.", 1e-9),
)


def metrics(control: Control) -> str:
    """Everything that was counted of a line."""
    statistics = control.statistics()
    lines = [*_of_lines(statistics), *_of_engine(statistics, control)]
    return "\n".join(lines) + "\n"


def _of_lines(statistics: Statistics) -> Iterator[str]:
    every = [(_labels(name), one) for name, one in statistics.impairments.items()]
    for name, text in _COUNTERS:
        rows = ((labels, getattr(one, name)) for labels, one in every)
        yield from _metric(f"usernet_{name}_total", "counter", text, rows)
    yield from _metric(
        "usernet_dropped_packets_total", "counter", "Packets dropped, by cause.", _drops(every)
    )
    for name, shown, text, scale in _GAUGES:
        rows = ((labels, getattr(one, name) * scale) for labels, one in every)
        yield from _metric(f"usernet_{shown}", "gauge", text, rows)


def _of_engine(statistics: Statistics, control: Control) -> Iterator[str]:
    verdict = fidelity(statistics)
    single: tuple[tuple[str, str, str, float], ...] = (
        ("time_seconds_total", "counter", "The engine's time.", statistics.time_ns / 1e9),
        ("late_packets_total", "counter", "Packets over 1 ms late.", verdict.lateness.overruns),
        ("lateness_p99_seconds", "gauge", "Lateness, p99.", verdict.lateness.p99 / 1e9),
        ("trusted", "gauge", "Whether the line is exact.", float(verdict.verdict == "trusted")),
        ("config_generation", "gauge", "The config that runs.", control.generation),
        ("position_seconds", "gauge", "Where the scenario is.", control.position_ns() / 1e9),
    )
    for name, kind, text, value in single:
        yield from _metric(f"usernet_{name}", kind, text, [("", value)])


def _drops(every: Iterable[tuple[str, ImpairmentStatistics]]) -> Iterator[tuple[str, float]]:
    for labels, one in every:
        for cause, count in one.dropped.items():
            yield f'{labels[:-1]},cause="{_escaped(cause)}"}}', count


def _labels(name: str) -> str:
    direction, _, flow = name.partition("/")
    return f'{{direction="{direction}",flow="{_escaped(flow)}"}}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _metric(name: str, kind: str, text: str, rows: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in rows:
        yield f"{name}{labels} {value!r}"
