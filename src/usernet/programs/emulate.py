"""``usernet emulate``: a bad line between two network interfaces."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from usernet.config import units
from usernet.config.apps import RawSocket
from usernet.config.scenario import refuse_processes
from usernet.control import Control
from usernet.control.attention import SAMPLE_NS
from usernet.control.story import Story
from usernet.engine.fidelity import fidelity
from usernet.errors import CaptureError, ConfigError
from usernet.net.emulation import Emulation, Ends
from usernet.programs.live import Live
from usernet.programs.options import LineOptions, filters_located, read_line
from usernet.programs.serving import ServeOptions, Serving
from usernet.programs.signals import stop_signals
from usernet.report.file import write

__all__ = ["emulate"]


def emulate(
    *,
    between: Annotated[tuple[str, str], Parameter(help="Two interfaces: the line joins them.")],
    line: LineOptions | None = None,
    config: Path | None = None,
    serve: ServeOptions | None = None,
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
        config: A file of synthetic-network (JSON), in place of a scenario.
        serve: How it is reached while it runs.
        duration: How long to run, such as 60s; the scenario's, or until Ctrl-C, without it.
        pcap: Write a capture (pcapng): what leaves, and what is dropped and why.
        report: Write a report (HTML) at the end.
        precise: Spin for the last 80 µs before each deadline; costs CPU time.
        quiet: Say nothing but errors.
        as_json: Print events as JSON, one a line.
    """
    document = read_line(line, config)
    refuse_processes(document.scenario)
    scenario = document.scenario
    first, second = between
    if first == second:
        raise ConfigError("joins an interface to itself", path="between", value=first)
    if report is not None and not report.parent.is_dir():
        raise CaptureError("the report's folder does not exist", file=str(report))
    ends = Ends(RawSocket(first), RawSocket(second), pcap)
    limit = None if duration is None else units.nanoseconds(duration)
    live = Live(between, quiet=quiet, as_json=as_json)
    facts = {"seed": str(scenario.seed or 0), "command": shlex.join(sys.argv)}
    story = Story(f"{first} – {second}", facts)
    with (
        stop_signals() as stopped,
        Serving(serve or ServeOptions(), "emulate", quiet=quiet) as serving,
    ):
        with filters_located(line):
            emulation = Emulation(scenario, ends, seed=scenario.seed or 0, precise=precise)
        control = Control(emulation, document, between)
        try:
            serving.start(control, story)
            serving.say()
            live.ready(scenario, serving.url)
            while not stopped and not _over(control, limit):
                look = SAMPLE_NS / 1e9 if report or live.shown else control.look_seconds
                stopped.wait(_left(control, limit, look), control)
                live.show(control.check())
            statistics = control.end()
        finally:
            serving.close()
            live.close()
            control.stop()
    live.end(statistics, fidelity(statistics))
    if report is not None:
        write(report, story.html(control))


def _over(control: Control, limit: int | None) -> bool:
    return (left := _left_ns(control, limit)) is not None and left <= 0


def _left(control: Control, limit: int | None, look: float) -> float:
    """How long to wait: until the next look, or the end."""
    left = _left_ns(control, limit)
    return look if left is None else min(look, max(0, left) / 1e9)


def _left_ns(control: Control, limit: int | None) -> int | None:
    """How long it is to run yet: as was asked for, or to the end of the scenario."""
    if limit is not None:
        return limit - control.elapsed_ns()
    duration = control.scenario.duration_ns
    return None if duration is None else duration - control.position_ns()
