"""``usernet container``: a container's own interface behind a line, and then its program."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.config.apps import RawSocket
from usernet.config.scenario import refuse_processes
from usernet.control import Control
from usernet.control.attention import SAMPLE_NS
from usernet.control.story import Story
from usernet.engine.fidelity import fidelity
from usernet.errors import CaptureError, ConfigError, MissingProgramError, ProgramError
from usernet.net.emulation import Emulation, Ends
from usernet.programs.options import LineOptions, filters_located, read_line
from usernet.programs.serving import ServeOptions, Serving
from usernet.report.file import write
from usernet.sandbox.signals import Watch
from usernet.sandbox.takeover import OUTER, Takeover, find, restore

if TYPE_CHECKING:
    from usernet.control import Document
    from usernet.programs.signals import HasFileno

__all__ = ["container"]

_SIGNALLED = 128


def container(
    *command: str,
    network: str | None = None,
    line: LineOptions | None = None,
    config: Path | None = None,
    serve: ServeOptions | None = None,
    pcap: Path | None = None,
    report: Path | None = None,
    give_back: Annotated[bool, Parameter(name="--restore")] = False,
    quiet: bool = False,
    as_json: Annotated[Path | None, Parameter(name="--json")] = None,
) -> int:
    """Put this container's interface behind a line, then run a program.

    For example, as a container's entry point: `usernet container --profile lte -- myserver`.

    The interface's address, routes and MAC move behind the line: the program, and whoever talks to
    it, sees them as before. Other interfaces stay as they are. Needs NET_ADMIN and NET_RAW, and
    no privileged container. *Up* is what the program sends. Its exit code is ours.

    Args:
        command: The program and its arguments.
        network: The interface that leads there: a subnet, an address or a name; else the one that
            leads everywhere.
        line: What the line is like.
        config: A file of synthetic-network (JSON), in place of a scenario.
        serve: How it is reached while it runs.
        pcap: Write a capture (pcapng): what leaves, and what is dropped and why.
        report: Write a report (HTML) at the end.
        give_back: Give back what a killed command has taken, and do nothing else.
        quiet: Say nothing but errors.
        as_json: Append events as JSON, one a line, to this file.
    """
    if give_back:
        name = restore()
        if not quiet:
            sys.stderr.write(f"usernet: {name or 'nothing'} was given back\n")
        return 0
    if not command:
        allowed = "usernet container [options] -- PROGRAM ARGUMENTS"
        raise ConfigError("no program to run", allowed=allowed)
    if report is not None and not report.parent.is_dir():
        raise CaptureError("the report's folder does not exist", file=str(report))
    document = read_line(line, config)
    refuse_processes(document.scenario)
    with ExitStack() as stack:
        watch = Watch((signal.SIGCHLD,))
        stack.callback(watch.close)
        serving = stack.enter_context(Serving(serve or ServeOptions(), "container", quiet=quiet))
        taken = Takeover(find(network))
        stack.callback(taken.give_back)
        with filters_located(line):
            control = _control(document, taken.interface.name, pcap)
        stack.callback(control.stop)
        facts = {"seed": str(document.scenario.seed or 0), "command": shlex.join(sys.argv)}
        story = Story(shlex.join(command), facts)
        serving.start(control, story)
        serving.say()
        seed = document.scenario.seed or 0
        _tell(as_json, "ready", program=list(command), seed=seed, serve=serving.url)
        code = _run(command, watch, control, is_seen=bool(report))
        last = control.end()
        lines = {name: one.plain() for name, one in last.impairments.items()}
        _tell(as_json, "end", code=code, fidelity=asdict(fidelity(last)), impairments=lines)
        if report is not None:
            write(report, story.html(control))
        return code


def _control(document: Document, name: str, pcap: Path | None) -> Control:
    ends = Ends(RawSocket(OUTER), RawSocket(name), pcap)
    emulation = Emulation(document.scenario, ends, seed=document.scenario.seed or 0)
    return Control(emulation, document, ("program", name))


def _run(command: tuple[str, ...], watch: Watch, control: Control, *, is_seen: bool) -> int:
    """Run the program to its end, and look after the line; its exit code as a shell has it."""
    process = _started(command)
    ends: list[HasFileno] = [watch, control]
    while True:
        look = SAMPLE_NS / 1e9 if is_seen else control.look_seconds
        select.select(ends, [], [], look)
        for number in watch.numbers():
            if number != signal.SIGCHLD:
                process.send_signal(number)
        if (code := _reaped(process)) is not None:
            return code
        control.check()


def _tell(path: Path | None, event: str, **values: object) -> None:
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **values}) + "\n")
    except OSError as error:
        problem = f"events cannot be written: {error.strerror}"
        raise CaptureError(problem, file=str(path)) from None


def _started(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command)
    except FileNotFoundError:
        raise MissingProgramError("not found", program=command[0]) from None
    except OSError as error:
        raise ProgramError(str(error.strerror), program=command[0]) from None


def _reaped(process: subprocess.Popen[bytes]) -> int | None:
    """Take what has ended, as a container's first process must; the program's code if it has."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == process.pid:
                code = os.waitstatus_to_exitcode(status)
                process.returncode = code
                return code if code >= 0 else _SIGNALLED - code
            if pid == 0:
                return None
    return None
