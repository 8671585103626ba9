"""``usernet emulate``: a bad line between two network interfaces."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.config import units
from usernet.config.apps import RawSocket
from usernet.engine.fidelity import fidelity
from usernet.errors import CaptureError, ConfigError
from usernet.net.emulation import Emulation, Ends
from usernet.net.recorder import Recorder
from usernet.programs.live import Live
from usernet.programs.options import LineOptions
from usernet.programs.signals import stop_signals

if TYPE_CHECKING:
    from usernet.config.scenario import Scenario
    from usernet.engine import Statistics
    from usernet.net.recorder import Recording

__all__ = ["emulate"]

_SAMPLE_NS = 200_000_000
"""Time between two points of a report."""
_SAMPLES = 4000
"""How many points are kept: 10 MB."""
_LOOK_SECONDS = 1.0
"""How often a run without a report is looked at."""


def emulate(
    *,
    between: Annotated[tuple[str, str], Parameter(help="Two interfaces: the line joins them.")],
    line: LineOptions | None = None,
    duration: str | None = None,
    pcap: Path | None = None,
    report: Path | None = None,
    precise: bool = False,
    quiet: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Join two network interfaces by a bad line, until Ctrl-C.

    Everything that arrives at one interface leaves by the other, later, or not at all. *Up* runs
    from the first interface to the second: name the side that you test first. Without options
    the line is perfect. Needs root, or CAP_NET_RAW.

    Args:
        between: Two interfaces: the line joins them.
        line: What the line is like.
        duration: How long to run, such as 60s; the scenario's, or until Ctrl-C, without it.
        pcap: Write a capture (pcapng): what leaves, and what is dropped and why.
        report: Write a report (HTML) at the end.
        precise: Spin for the last 80 µs before each deadline; costs CPU time.
        quiet: Say nothing but errors.
        as_json: Print events as JSON, one a line.
    """
    scenario = (line or LineOptions()).read()
    first, second = between
    if first == second:
        raise ConfigError("joins an interface to itself", path="between", value=first)
    if report is not None and not report.parent.is_dir():
        raise CaptureError("the report's folder does not exist", file=str(report))
    ends = Ends(RawSocket(first), RawSocket(second), pcap)
    limit = scenario.duration_ns if duration is None else units.nanoseconds(duration)
    live = Live(between, quiet=quiet, as_json=as_json)
    recorder = Recorder(_SAMPLE_NS, _SAMPLES)
    with stop_signals() as stopped:
        emulation = Emulation(scenario, ends, seed=scenario.seed or 0, precise=precise)
        try:
            live.ready(scenario)
            recorder.add(emulation.statistics())
            look = _SAMPLE_NS / 1e9 if report or live.shown else _LOOK_SECONDS
            while not stopped and not _over(emulation, limit):
                stopped.wait(_left(emulation, limit, look))
                emulation.check()
                statistics = emulation.statistics()
                recorder.add(statistics)
                live.show(statistics)
            statistics = emulation.statistics()
        finally:
            live.close()
            emulation.stop()
    recorder.add(statistics)
    live.end(statistics, fidelity(statistics))
    if report is not None:
        _report(report, between, scenario, recorder.recording(), statistics)


def _over(emulation: Emulation, limit: int | None) -> bool:
    return limit is not None and emulation.elapsed_ns() >= limit


def _left(emulation: Emulation, limit: int | None, look: float) -> float:
    """How long to wait: until the next look, or the end."""
    if limit is None:
        return look
    return min(look, max(0, limit - emulation.elapsed_ns()) / 1e9)


def _report(
    path: Path,
    between: tuple[str, str],
    scenario: Scenario,
    recording: Recording,
    statistics: Statistics,
) -> None:
    from usernet import report  # noqa: PLC0415 - needed at the end, if at all

    first, last = recording.samples[0].time_ns, recording.samples[-1].time_ns
    html = report.run_report(
        f"{between[0]} – {between[1]}",
        scenario.description,
        recording,
        fidelity(statistics),
        f"up    {scenario.link.up.brief()}\ndown  {scenario.link.down.brief()}",
        statistics.impairments,
        changes=report.changes(scenario, first, last),
        facts={"seed": str(scenario.seed or 0), "command": shlex.join(sys.argv)},
    )
    report.write(path, html)
