"""The engine: runs a topology, in real time on its own thread or in virtual time."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, cast

from usernet import _core
from usernet.config.topology import Topology
from usernet.engine.actions import Action, Reconfigure, Start, diff, to_core

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from usernet._core import Socket
    from usernet.engine.drops import Drops
    from usernet.engine.statistics import Statistics
    from usernet.engine.tunnel import TunnelPeers

__all__ = ["BUSY_POLL", "Engine"]

BUSY_POLL = "USERNET_BUSY_POLL"
"""The variable that is 0 where the engine's thread is never to poll instead of sleeping."""


class Engine:
    """Runs a topology.

    Args:
        seed: What all randomness follows from: same seed, same graph, same input, same events.
        virtual: In virtual time, which passes only in `advance`; else in real time, on a thread
            of its own that sleeps until there is something to do.
        precise: In real time, spin for the last 80 µs before each deadline. Costs CPU time.

    In real time the thread polls instead of sleeping, for 300 µs at most, while what it waits for
    keeps coming as soon, and nobody else wants the core: see docs/speed.md. It does not where the
    environment has ``USERNET_BUSY_POLL=0``.
    """

    def __init__(self, *, seed: int = 0, virtual: bool = False, precise: bool = False) -> None:
        self._core = _core.Engine(
            seed, virtual=virtual, precise=precise, busy_poll=os.environ.get(BUSY_POLL) != "0"
        )
        self._topology = Topology()
        self._counted: Statistics | None = None

    @property
    def topology(self) -> Topology:
        """What runs."""
        return self._topology

    def configure(
        self, topology: Topology, *, since: Topology | None = None, again: Collection[str] = ()
    ) -> int:
        """Run this topology from now on; what it shares with the present one keeps its state.

        Args:
            topology: What is to run.
            since: What runs, where scheduled actions have made it differ from `Engine.topology`.
            again: Apps that scheduled actions may just have changed: they are told what they are
                to be even where that is what they are.

        Returns:
            The generation: the number of the topology that now runs.

        Raises:
            ConfigError: It cannot be; the present one runs on, untouched.
            InterfaceError: An interface is missing.
            PrivilegeError: The system forbids what an app needs.
            TraceError: A file that an app reads is not what it should be.
            CaptureError: A capture cannot be written.
            EngineError: The engine has stopped.
        """
        actions = diff(since or self._topology, topology)
        told = {action.name for action in actions if isinstance(action, (Start, Reconfigure))}
        untold = [name for name in again if name in topology.apps and name not in told]
        actions += tuple(Reconfigure(name, topology.apps[name]) for name in sorted(untold))
        generation = self._core.apply(_json(actions))
        self._topology = topology
        return generation

    def schedule(self, at_ns: int, actions: Sequence[Action]) -> None:
        """Do these actions at a moment of the engine's time, between two breaths.

        Raises:
            ConfigError: They are not actions; whether they can be done shows at that moment.
        """
        self._core.schedule(at_ns, _json(actions))

    def unschedule(self) -> None:
        """Take back all that was scheduled and has not happened.

        Raises:
            EngineError: The engine has stopped.
        """
        self._core.unschedule()

    def advance(self, until_ns: int) -> None:
        """Let virtual time pass up to and including this moment.

        Raises:
            EngineError: The engine runs in real time.
            CaptureError: A capture could not be written.
        """
        self._core.advance(until_ns)

    def advance_to_event(self, until_ns: int) -> bool:
        """Let virtual time pass up to this moment, or to the breath after which events wait.

        Returns:
            Whether events wait: `drain` has them.

        Raises:
            EngineError: The engine runs in real time.
            CaptureError: A capture could not be written.
        """
        return self._core.advance_to_event(until_ns)

    def next_deadline(self) -> int | None:
        """When the engine has something to do next in virtual time; now, if at once."""
        return self._core.next_deadline()

    def now(self) -> int:
        """The engine's time, in nanoseconds since it started."""
        return self._core.now()

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath.

        Raises:
            EngineError: The engine has stopped.
        """
        from usernet.engine.statistics import Statistics  # noqa: PLC0415 - start-up time

        self._counted = Statistics.from_core(self._core.statistics(), self._counted)
        return self._counted

    def series(self, app: str) -> Mapping[str, object]:
        """What an app has written down over time; empty where there is nothing.

        Raises:
            EngineError: The engine has stopped.
        """
        return cast("dict[str, object] | None", json.loads(self._core.series(app))) or {}

    def drops(self, after: int = 0) -> Drops:
        """The latest drops, as far as they are kept; of those only the ones behind `after`.

        Args:
            after: How many drops there were when one last asked.

        Raises:
            EngineError: The engine has stopped.
        """
        from usernet.engine.drops import Drops  # noqa: PLC0415 - start-up time

        return Drops.from_core(self._core.drops(after))

    def tell(self, app: str, message: Mapping[str, object]) -> Mapping[str, object]:
        """Give an app a message; its answer.

        Raises:
            ConfigError: There is no such app, or it does not understand it.
            EngineError: The engine has stopped.
        """
        answer = self._core.tell(app, json.dumps(message, separators=(",", ":")))
        return cast("dict[str, object]", json.loads(answer))

    def wait(self, timeout: float) -> None:
        """Wait in real time, in seconds; a failure of the engine ends the wait.

        Raises:
            CaptureError: A capture could not be written, or whatever else an app failed with.
            EngineError: The engine has stopped.
        """
        self._core.wait(timeout)

    def keep_log(self) -> None:
        """Keep the event log from now on: 24 bytes for each thing that happens to a packet."""
        self._core.keep_log()

    def log(self) -> bytes:
        """The event log so far: byte-identical for the same seed, graph and input."""
        return self._core.log()

    def fileno(self) -> int:
        """In real time: a descriptor that is readable while socket events wait.

        Raises:
            EngineError: The engine runs in virtual time.
        """
        return self._core.fileno()

    def drain(self) -> list[tuple[int, int]]:
        """All socket events since the last call: the sockets' keys, and what became possible.

        An event comes once when its condition comes about, and again only after whoever uses the
        socket has met the condition's end: nothing to receive, or no room to send all.

        Raises:
            EngineError: The engine has stopped.
        """
        return self._core.drain()

    def connect(
        self,
        host: str,
        remote: tuple[str, int],
        local: tuple[str, int] | None = None,
        options: str = "{}",
    ) -> Socket:
        """Begin a TCP connection of a host; an event tells when it stands, or has failed.

        Args:
            host: The name of the host.
            remote: The numeric address and the port of the peer.
            local: The host's own; any that is free where None.
            options: Options of the socket as JSON; what is not named is as the host has it.

        Raises:
            OSError: There is no route, or the local address is taken or not the host's.
            ConfigError: There is no such host or option.
            ValueError: An address is not numeric.
        """
        return self._core.connect(host, remote, local, options)

    def listen(
        self, host: str, local: tuple[str, int], backlog: int = 100, options: str = "{}"
    ) -> Socket:
        """Have a host listen for TCP connections; an event tells of those to accept.

        Args:
            host: The name of the host.
            local: The address, ``0.0.0.0`` or ``::`` for all of the host's, and the port, 0 for
                any that is free.
            backlog: How many may wait to be accepted.
            options: Options of the socket, and of those that it accepts, as JSON.

        Raises:
            OSError: The address is taken, or not the host's.
            ConfigError: There is no such host or option.
            ValueError: The address is not numeric, or the backlog negative.
        """
        return self._core.listen(host, local, backlog, options)

    def bind(
        self,
        host: str,
        local: tuple[str, int],
        remote: tuple[str, int] | None = None,
        options: str = "{}",
    ) -> Socket:
        """A UDP socket of a host; with ``remote`` one that hears only from there, and can `send`.

        Raises:
            OSError: The address is taken or not the host's; there is no route to ``remote``.
            ConfigError: There is no such host or option.
            ValueError: An address is not numeric.
        """
        return self._core.bind(host, local, remote, options)

    def echo(self, host: str, options: str = "{}") -> Socket:
        """A socket for ICMP echo requests of a host.

        ``send_to`` sends a request whose sequence number is the port of the address, and
        ``receive_from`` gives the reply with that number.

        Raises:
            OSError: The host has too many sockets.
            ConfigError: There is no such host or option.
        """
        return self._core.echo(host, options)

    def source_for(self, host: str, remote: str) -> str:
        """The address of a host that packets to a numeric address would leave from.

        Raises:
            OSError: The host has no route there.
            ConfigError: There is no such host.
            ValueError: The address is not numeric.
        """
        return self._core.source_for(host, remote)

    def tunnel(self, app: str) -> TunnelPeers:
        """The peers of a WireGuard device that come and go while it runs.

        Raises:
            ConfigError: There is no such device.
            EngineError: The engine has stopped.
        """
        from usernet.engine.tunnel import TunnelPeers  # noqa: PLC0415 - start-up time

        return TunnelPeers(self._core.tunnel(app))

    def stop(self) -> None:
        """Stop all apps, which finish what they have open. Safe to call twice.

        Raises:
            CaptureError: The end of a capture could not be written.
        """
        self._core.stop()


def _json(actions: Sequence[Action]) -> str:
    return json.dumps(to_core(actions), separators=(",", ":"))
