"""``usernet gateway``: the other end of WireGuard tunnels, in userspace."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from usernet.engine.keys import public_key
from usernet.errors import ConfigError, UsernetError
from usernet.net.emulation import Emulation
from usernet.programs.far_end import DEVICE, GATEWAY, SOCKET, FarEnd
from usernet.programs.far_end_said import Said
from usernet.programs.options import LineOptions
from usernet.programs.outside import machine_resolver
from usernet.programs.published import published_to_peer
from usernet.programs.signals import stop_signals
from usernet.report.connections import Connections
from usernet.tunnel.shown import Shown
from usernet.wireguard.endpoints import numeric
from usernet.wireguard.status import DeviceStatus
from usernet.wireguard.watched import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Generator

    from usernet.config.apps import Publish
    from usernet.config.scenario import Scenario
    from usernet.config.wireguard import TunnelConfig
    from usernet.programs.signals import Stopped
    from usernet.sandbox.resolver import Resolver

__all__ = ["gateway"]

_LOOK_SECONDS = 1.0
"""How often files and peers are looked at."""
_PORT = 51820
"""WireGuard's usual port."""


def gateway(
    *,
    wireguard: tuple[Path, ...],
    peers: tuple[Path, ...] = (),
    publish: tuple[str, ...] = (),
    loopback: bool = False,
    between_peers: bool = False,
    line: LineOptions | None = None,
    pcap: Path | None = None,
    quiet: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Be the other end of WireGuard tunnels: peers reach what this machine reaches.

    For example: `usernet gateway --wireguard server.conf --peers peers/`. It needs no privilege,
    and changes nothing on the machine: what peers say is said again by sockets of this program.
    They ask for names at the gateway's own address. *Up* is what peers send. Ctrl-C ends it.

    Args:
        wireguard: A file of wg-quick; several are read as one.
        peers: A file, or a folder of files, with more [Peer] sections: read again when it changes,
            so that peers come and go while the gateway runs.
        publish: Let a port of this machine lead to a peer, such as 8080:10.0.0.2:80 or
            0.0.0.0:53:10.0.0.2:53/udp.
        loopback: What listens on this machine's loopback is reached at the gateway's own address.
        between_peers: Peers reach each other.
        line: What the line between the peers and this machine is like.
        pcap: Write a capture (pcapng): the tunnels' packets, and what is in them.
        quiet: Say nothing but errors.
        as_json: Print events as JSON, one a line.
    """
    scenario = (line or LineOptions()).read()
    said = Said(quiet=quiet, as_json=as_json)
    files = WatchedFiles((*wireguard, *peers), said.warning)
    wishes = _Wishes(tuple(map(published_to_peer, publish)), pcap, loopback, between_peers)
    with stop_signals() as stopped:
        name = f"gateway {' '.join(map(str, wireguard))}"
        _Running(name, files, wishes, scenario, said).to_the_end(stopped)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options say, but for files and the line."""

    publish: tuple[Publish, ...]
    pcap: Path | None
    loopback: bool
    between_peers: bool

    def end(self, config: TunnelConfig, resolver: Resolver) -> FarEnd:
        """The far end as these files make it."""
        ways = self.publish, self.loopback, self.between_peers
        return FarEnd(numeric(config), resolver, *ways)


class _Running:
    """A gateway that runs, and follows its files."""

    def __init__(
        self, name: str, files: WatchedFiles, wishes: _Wishes, scenario: Scenario, said: Said
    ) -> None:
        self._name = name
        self._files = files
        self._wishes = wishes
        self._resolver = machine_resolver()
        self._end = wishes.end(files.read(), self._resolver)
        listen = self._end.config.listen_port
        self._port: int = _PORT if listen is None else listen
        self._public_key = public_key(self._end.config.private_key)
        self._said = said
        self._scenario = scenario
        ends = self._end.ends(self._port, wishes.pcap)
        self._emulation = Emulation(scenario, ends, seed=scenario.seed or 0)

    def to_the_end(self, stopped: Stopped) -> None:
        """Serve until a signal comes."""
        with Shown() as shown, self._running():
            self._said.ready(self._end, self._status(), self._scenario)
            while not stopped:
                stopped.wait(_LOOK_SECONDS, self._emulation.engine, shown)
                self._emulation.check()
                if self._files.have_changed():
                    self._follow()
                self._meet_strangers()
                status = self._status()
                self._said.look(status)
                shown.answer(status)
            statistics = self._emulation.statistics()
            connections = Connections.from_core(self._emulation.series(GATEWAY))
            self._said.end(self._status(), connections, statistics)

    @contextmanager
    def _running(self) -> Generator[None]:
        try:
            yield
        finally:
            self._emulation.stop()

    def _meet_strangers(self) -> None:
        """Whoever has called waits for a moment, and is answered when the files come to know it."""
        self._emulation.engine.drain()
        for stranger in self._emulation.engine.tunnel(DEVICE).strangers():
            self._said.stranger(stranger)

    def _follow(self) -> None:
        """Peers have come or gone, as the files say it; a file that is wrong changes nothing."""
        try:
            end = self._wishes.end(self._files.read(), self._resolver)
            if end.config.private_key != self._end.config.private_key:
                raise ConfigError("another private key", allowed="start the gateway anew for it")
            self._emulation.rejoin(end.ends(self._port, self._wishes.pcap))
        except UsernetError as error:
            self._said.warning(f"{error}; the peers stay as they are")
            return
        self._said.changed(self._end.config.peers, end.config.peers)
        self._end = end

    def _status(self) -> DeviceStatus:
        statistics = self._emulation.statistics()
        return DeviceStatus.from_core(
            self._name,
            self._public_key,
            statistics.apps[DEVICE],
            statistics.time_ns,
            cast("int", statistics.apps[SOCKET].get("port", self._port)),
        )
