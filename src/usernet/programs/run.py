"""``usernet run``: a program, as it is, on a network that is as bad as you say."""

from __future__ import annotations

import os
import select
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from usernet.config import units
from usernet.config.apps import Tun
from usernet.control import Control
from usernet.control.attention import SAMPLE_NS
from usernet.control.story import Story
from usernet.errors import CaptureError, ConfigError
from usernet.net.emulation import Emulation
from usernet.programs.ending import Ending
from usernet.programs.options import LineOptions, filters_located, read_line
from usernet.programs.outside import Outside
from usernet.programs.owning import Owning
from usernet.programs.private import Private
from usernet.programs.serving import ServeOptions, Serving
from usernet.programs.title import Title, line_title
from usernet.programs.tunnelled import Tunnelled
from usernet.report.file import write
from usernet.sandbox.addresses import INTERFACE
from usernet.sandbox.descriptors import allow_all
from usernet.sandbox.enclosure import Enclosure
from usernet.sandbox.network import identity
from usernet.sandbox.rendezvous import Rendezvous, ask
from usernet.sandbox.signals import Watch
from usernet.tunnel import holders
from usernet.wireguard.file import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.control import Document
    from usernet.engine import Statistics
    from usernet.programs.signals import HasFileno

__all__ = ["run"]

_SETTLE_NS = 2_000_000_000
"""How long packets that a program sent last may take to get through."""
_SETTLE_LOOK = 0.01
_MTU = 1500


def run(
    *command: str,
    line: LineOptions | None = None,
    config: Path | None = None,
    serve: ServeOptions | None = None,
    pcap: Path | None = None,
    report: Path | None = None,
    precise: bool = False,
    no_host: bool = False,
    publish: tuple[str, ...] = (),
    name: str | None = None,
    join: str | None = None,
    interface_mtu: int | None = None,
    wireguard: tuple[Path, ...] = (),
    timeout: str | None = None,
    quiet: bool = False,
    as_json: Annotated[Path | None, Parameter(name="--json")] = None,
) -> int:
    """Run a program on an emulated network.

    For example: `usernet run --profile 3g curl -o page.html http://example.org/`.

    The program, and all that it starts, is in a network of its own, whose only way out is the
    line. It needs no privilege. What comes from the first word on that is no option belongs to
    the program. *Up* is what the program sends. Its exit code is ours. Inside, host.usernet is
    this machine.

    Args:
        command: The program and its arguments.
        line: What the line is like.
        config: A file of synthetic-network (JSON), in place of a scenario.
        serve: How it is reached while it runs.
        pcap: Write a capture (pcapng): what leaves, and what is dropped and why.
        report: Write a report (HTML) at the end.
        precise: Spin for the last 80 µs before each deadline; costs CPU time.
        no_host: What listens on this machine's loopback alone is not reached.
        publish: Let a port of this machine lead inside, such as 8080:80 or 0.0.0.0:53:53/udp.
        name: Call the network so, for others to join.
        join: Run the program in the network of this name, as it is.
        interface_mtu: Bytes of the largest packet that the program's interface sends; 1500, or
            that of the tunnel, without it.
        wireguard: A file of wg-quick, or several: the program is in that private network, and the
            line is what the tunnel's packets meet.
        timeout: How long the peers may take to answer before the program starts; it starts at once
            without it.
        quiet: Say nothing but errors.
        as_json: Append events as JSON, one a line, to this file.
    """
    if not command:
        raise ConfigError("no program to run", allowed="usernet run [options] PROGRAM ARGUMENTS")
    watch = Watch()
    try:
        if join is not None:
            others = (line, config, serve, pcap, report, precise, no_host, publish, name, as_json)
            if any((*others, wireguard, timeout)) or interface_mtu is not None:
                allowed = "with --quiet alone: the options are those of the network's first program"
                raise ConfigError("joins a network as it is", path="join", allowed=allowed)
            return _exit_code(_join(command, watch, join))
        wishes = _Wishes(command, pcap, report, name, _seconds(timeout, wireguard), precise)
        surroundings = _surroundings(
            wireguard, Outside.of(publish, with_machine=not no_host), interface_mtu
        )
        document = read_line(line, config)
        served = serve or ServeOptions()
        with Ending(command, quiet=quiet, events=as_json) as ending, filters_located(line):
            run_ = _Run(wishes, document, surroundings, ending, watch, serve=served)
            return _exit_code(run_.to_the_end())
    finally:
        watch.close()


def _surroundings(
    wireguard: tuple[Path, ...], outside: Outside, mtu: int | None
) -> Outside | Private:
    """What the program's network leads to: this machine, or a tunnel."""
    if not wireguard:
        return outside.with_mtu(mtu or _MTU)
    config = load(*wireguard, warn=lambda text: _say(f"warning: {text}"))
    if said := holders.told(config.private_key):
        _say(f"warning: {said}")
    return Private.of(config, outside, mtu)


def _seconds(timeout: str | None, wireguard: tuple[Path, ...]) -> float | None:
    if timeout is None:
        return None
    if not wireguard:
        allowed = "with --wireguard FILE, whose peers are to answer"
        raise ConfigError("waits for a handshake", path="timeout", allowed=allowed)
    return units.nanoseconds(timeout, path="timeout") / 1e9


def _exit_code(code: int) -> int:
    """As a shell has it: 128 and the signal's number, where a signal ended the program."""
    return code if code >= 0 else 128 - code


def _join(command: tuple[str, ...], watch: Watch, name: str) -> int:
    with Enclosure(command, watch, ask(name)) as enclosure:
        enclosure.start()
        ends: list[Enclosure | Watch] = [enclosure, watch]
        while True:
            ready, _, _ = select.select(ends, [], [])
            for number in watch.numbers():
                enclosure.signal(number)
            if enclosure in ready:
                return enclosure.code()


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What is to be run, and what is to be written down of it.

    Raises:
        CaptureError: The report cannot be written where it is to be.
    """

    command: tuple[str, ...]
    pcap: Path | None
    report: Path | None
    name: str | None
    handshake_seconds: float | None
    precise: bool

    def __post_init__(self) -> None:
        if self.report is None:
            return
        if not self.report.parent.is_dir():
            raise CaptureError("the report's folder does not exist", file=str(self.report))
        if self.report.is_dir():
            raise CaptureError("the report is a folder", file=str(self.report))
        if not os.access(self.report.parent, os.W_OK):
            raise CaptureError("the report's folder may not be written", file=str(self.report))


class _Run:
    """A program on a network of its own, from its start to its end."""

    def __init__(
        self,
        wishes: _Wishes,
        document: Document,
        surroundings: Outside | Private,
        ending: Ending,
        watch: Watch,
        *,
        serve: ServeOptions,
    ) -> None:
        self._wishes = wishes
        self._document = document
        self._surroundings = surroundings
        self._ending = ending
        self._watch = watch
        self._serve = serve
        self._title = Title(wanted=not ending.is_quiet)
        self._tunnelled: Tunnelled | None = None

    def to_the_end(self) -> int:
        """Run the program; its exit code, or that of what failed beside it."""
        with ExitStack() as stack:
            stack.callback(self._title.close)
            plan = self._surroundings.plan()
            enclosure = stack.enter_context(Enclosure(self._wishes.command, self._watch, plan))
            allow_all()  # the program is not of this process any more, and keeps what it had
            rendezvous = self._named(enclosure, stack)
            emulation = self._emulation(enclosure)
            stack.callback(self._ending.stop, emulation)
            names = ("program", "outside")
            control = Control(emulation, self._document, names, knows_owners=True)
            story = self._story(emulation)
            # Only now: the supervisor would keep the sockets of whoever comes before it.
            if isinstance(self._surroundings, Private):
                name = f"run {shlex.join(self._wishes.command)}"
                self._tunnelled = stack.enter_context(Tunnelled(self._surroundings, name))
            serving = Serving(self._serve, "run", quiet=self._ending.is_quiet)
            stack.callback(serving.close)
            network = identity(enclosure.namespaces.network)
            stack.callback(Owning(emulation, network).close)
            self._begin(control, enclosure, serving, story)
            code = self._follow(control, enclosure, rendezvous)
            if code >= 0:
                self._settle(control)
            return self._end(control, story, code)

    def _named(self, enclosure: Enclosure, stack: ExitStack) -> Rendezvous | None:
        if self._wishes.name is None:
            return None
        rendezvous = Rendezvous(self._wishes.name, enclosure.namespaces)
        stack.callback(rendezvous.close)
        return rendezvous

    def _emulation(self, enclosure: Enclosure) -> Emulation:
        assert enclosure.device is not None
        tun = Tun(INTERFACE, enclosure.device.descriptor, enclosure.device.peer)
        ends = self._surroundings.ends(tun, self._wishes.pcap)
        scenario = self._document.scenario
        return Emulation(scenario, ends, seed=scenario.seed or 0, precise=self._wishes.precise)

    def _story(self, emulation: Emulation) -> Story:
        facts = {"seed": str(self._document.scenario.seed or 0), "command": shlex.join(sys.argv)}
        title = shlex.join(self._wishes.command)
        return Story(title, facts, lambda: self._surroundings.connections(emulation))

    def _begin(
        self, control: Control, enclosure: Enclosure, serving: Serving, story: Story
    ) -> None:
        self._last = control.statistics()
        serving.start(control, story)
        serving.say()
        if self._tunnelled is not None and self._wishes.handshake_seconds is not None:
            self._tunnelled.shake(control, self._wishes.handshake_seconds, self._watch)
        enclosure.start()
        self._ending.ready(self._document.scenario, serving.url)

    def _follow(
        self,
        control: Control,
        enclosure: Enclosure,
        rendezvous: Rendezvous | None,
    ) -> int:
        """Look on until the program ends; its exit code."""
        ends: list[HasFileno] = [enclosure, self._watch, control]
        ends += [rendezvous] if rendezvous else []
        ends += [self._tunnelled] if self._tunnelled else []
        is_shown = self._wishes.report is not None or self._title.shown
        while True:
            look = SAMPLE_NS / 1e9 if is_shown else control.look_seconds
            ready, _, _ = select.select(ends, [], [], look)
            for number in self._watch.numbers():
                enclosure.signal(number)
            if enclosure in ready:
                return enclosure.code()
            if rendezvous is not None and rendezvous in ready:
                rendezvous.answer()
            self._look(control)

    def _look(self, control: Control) -> None:
        with self._ending.failing():
            control.check()
        now = control.statistics()
        if self._title.shown:
            program = Path(self._wishes.command[0]).name
            self._title.show(line_title(program, self._last, now, control.present_link()))
        if self._tunnelled is not None:
            self._tunnelled.look(control, now)
        self._last = now

    def _settle(self, control: Control) -> None:
        """Let what the program sent last get through: it may have ended without an answer."""
        until = control.elapsed_ns() + _SETTLE_NS
        while self._is_on_its_way(control.statistics()) and control.elapsed_ns() < until:
            select.select([self._watch], [], [], _SETTLE_LOOK)
            if self._watch.numbers():
                return

    def _is_on_its_way(self, statistics: Statistics) -> bool:
        """Whether anything that the program sent is on the line, or at the gateway."""
        gateway = statistics.apps[self._surroundings.gateway_app]
        connections = cast("Mapping[str, int]", gateway.get("connections", {}))
        return connections.get("draining", 0) > 0 or any(
            one.delayed or one.queue_packets
            for name, one in statistics.impairments.items()
            if name.partition("/")[0] == "up"
        )

    def _end(self, control: Control, story: Story, code: int) -> int:
        self._title.close()
        last = control.end()
        connections = story.connections()
        self._ending.stop(control)
        self._ending.say(last, code, connections, self._surroundings)
        if self._wishes.report is not None:
            with self._ending.failing():
                write(self._wishes.report, story.html(control))
        return self._ending.code(code)


def _say(text: str) -> None:
    sys.stderr.write(f"usernet: {text}\n")
