"""``usernet gateway``: the other end of WireGuard tunnels, in userspace."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from usernet.engine.keys import public_key
from usernet.errors import UsernetError
from usernet.net.emulation import Emulation
from usernet.programs.far_end import DEVICE, GATEWAY, SOCKET, FarEnd
from usernet.programs.far_end_said import Said
from usernet.programs.options import LineOptions
from usernet.programs.outside import machine_resolver
from usernet.programs.published import published_to_peer
from usernet.programs.signals import stop_signals
from usernet.report.connections import Connections
from usernet.tunnel.shown import Shown
from usernet.tunnel.uapi_socket import UapiSocket
from usernet.wireguard.change import changed, placed
from usernet.wireguard.endpoints import numeric
from usernet.wireguard.status import DeviceStatus
from usernet.wireguard.watched import WatchedFiles

if TYPE_CHECKING:
    from usernet.config.apps import Publish
    from usernet.config.scenario import Scenario
    from usernet.config.wireguard import TunnelConfig
    from usernet.net.emulation import Ends
    from usernet.programs.signals import Stopped
    from usernet.sandbox.resolver import Resolver
    from usernet.wireguard.change import Change

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
    workers: int = 0,
    line: LineOptions | None = None,
    pcap: Path | None = None,
    uapi: str | None = None,
    quiet: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Be the other end of WireGuard tunnels: peers reach what this machine reaches.

    For example: `usernet gateway --wireguard server.conf --peers peers/`. It needs no privilege,
    and changes nothing on the machine: what peers say is said again by sockets of this program.
    They ask for names at the gateway's own address. *Up* is what peers send. Ctrl-C ends it, and
    SIGHUP has it read its files again.

    Args:
        wireguard: A file of wg-quick; several are read as one.
        peers: A file, or a folder of files, with more [Peer] sections: read again when it changes,
            so that peers come and go while the gateway runs.
        publish: Let a port of this machine lead to a peer, such as 8080:10.0.0.2:80 or
            0.0.0.0:53:10.0.0.2:53/udp.
        loopback: What listens on this machine's loopback is reached at the gateway's own address.
        between_peers: Peers reach each other.
        workers: How many threads encrypt and decrypt beside the one that does all else; for a
            machine with idle cores.
        line: What the line between the peers and this machine is like.
        pcap: Write a capture (pcapng): the tunnels' packets, and what is in them.
        uapi: The name by which `wg show`, `wg set` and `wg syncconf` know it, such as wg0, which
            takes root; or a path with a slash for the socket, for other programs.
        quiet: Say nothing but errors.
        as_json: Print events as JSON, one a line.
    """
    scenario = (line or LineOptions()).read()
    said = Said(quiet=quiet, as_json=as_json)
    files = WatchedFiles((*wireguard, *peers), said.warning)
    ways = loopback, between_peers, workers
    wishes = _Wishes(tuple(map(published_to_peer, publish)), pcap, *ways)
    with stop_signals(reads_again=True) as stopped:
        name = f"gateway {' '.join(map(str, wireguard))}"
        _Running(name, files, wishes, scenario, said).to_the_end(stopped, uapi)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options say, but for files and the line."""

    publish: tuple[Publish, ...]
    pcap: Path | None
    loopback: bool
    between_peers: bool
    workers: int

    def end(self, config: TunnelConfig, resolver: Resolver) -> FarEnd:
        """The far end as these files make it."""
        ways = self.publish, self.loopback, self.between_peers, self.workers
        return FarEnd(numeric(config), resolver, *ways)


class _Running:
    """A gateway that runs, and follows its files and what `wg` says."""

    def __init__(
        self, name: str, files: WatchedFiles, wishes: _Wishes, scenario: Scenario, said: Said
    ) -> None:
        self._name = name
        self._files = files
        self._wishes = wishes
        self._end = wishes.end(files.read(), machine_resolver())
        self._said = said
        self._scenario = scenario
        self._emulation = Emulation(scenario, self._ends(self._end), seed=scenario.seed or 0)

    def to_the_end(self, stopped: Stopped, uapi: str | None) -> None:
        """Serve until a signal comes."""
        with ExitStack() as stack:
            stack.callback(self._emulation.stop)
            shown = stack.enter_context(Shown())
            told = [stack.enter_context(UapiSocket(uapi, self, self._said.warning))] if uapi else []
            self._said.ready(self._end, self.status(), self._scenario)
            while not stopped:
                stopped.wait(_LOOK_SECONDS, self._emulation.engine, shown, *told)
                self._look(anew=stopped.take_again())
                for one in told:
                    one.serve()
                status = self.status()
                self._said.look(status)
                shown.answer(status)
            statistics = self._emulation.statistics()
            connections = Connections.from_core(self._emulation.series(GATEWAY))
            self._said.end(self.status(), connections, statistics)

    def _look(self, *, anew: bool) -> None:
        """See after the line and who calls, and read the files where they may be others."""
        self._emulation.check()
        if anew or self._files.have_changed():
            self._follow()
        self._meet_strangers()

    def _meet_strangers(self) -> None:
        """Whoever has called waits for a moment, and is answered when the files come to know it."""
        self._emulation.engine.drain()
        for stranger in self._emulation.engine.tunnel(DEVICE).strangers():
            self._said.stranger(stranger)

    def _follow(self) -> None:
        """Peers have come or gone, as the files say it; a file that is wrong changes nothing."""
        try:
            self._become(self._wishes.end(self._files.read(), machine_resolver()))
        except (UsernetError, OSError) as error:
            self._said.warning(f"{error}; the peers stay as they are")

    def _ends(self, end: FarEnd) -> Ends:
        port = end.config.listen_port
        return end.ends(_PORT if port is None else port, self._wishes.pcap)

    def _become(self, end: FarEnd) -> None:
        """Be another far end; where that cannot be, this one stays."""
        self._emulation.rejoin(self._ends(end))
        before, self._end = self._end, end
        self._said.changed(before.config, end.config, self.status())

    # ---- what `wg` asks and says ----

    def config(self) -> TunnelConfig:
        """As `UapiDevice.config`."""
        return self._end.config

    def status(self) -> DeviceStatus:
        """As `UapiDevice.status`."""
        statistics = self._emulation.statistics()
        return DeviceStatus.from_core(
            self._name,
            public_key(self._end.config.private_key),
            statistics.apps[DEVICE],
            statistics.time_ns,
            cast("int", statistics.apps[SOCKET].get("port", 0)),
        )

    def change(self, change: Change) -> None:
        """As `UapiDevice.change`: it holds until the files change."""
        self._become(replace(self._end, config=changed(self._end.config, change)))
        peers = self._emulation.engine.tunnel(DEVICE)
        for one in placed(self._end.config, change):
            peers.set(one)  # it is there, wherever it was last heard
