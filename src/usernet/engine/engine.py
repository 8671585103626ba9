"""The engine: runs a topology, in real time on its own thread or in virtual time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from usernet import _core
from usernet.config.topology import Topology
from usernet.engine.actions import Action, diff, to_core
from usernet.engine.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Engine"]


class Engine:
    """Runs a topology.

    Args:
        seed: What all randomness follows from: same seed, same graph, same input, same events.
        virtual: In virtual time, which passes only in `advance`; else in real time, on a thread
            of its own that sleeps until there is something to do.
        precise: In real time, spin for the last 80 µs before each deadline. Costs CPU time.
    """

    def __init__(self, *, seed: int = 0, virtual: bool = False, precise: bool = False) -> None:
        self._core = _core.Engine(seed, virtual=virtual, precise=precise)
        self._topology = Topology()

    @property
    def topology(self) -> Topology:
        """What runs."""
        return self._topology

    def configure(self, topology: Topology) -> int:
        """Run this topology from now on; what it shares with the present one keeps its state.

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
        actions = diff(self._topology, topology)
        generation = self._core.apply(_json(actions))
        self._topology = topology
        return generation

    def schedule(self, at_ns: int, actions: Sequence[Action]) -> None:
        """Do these actions at a moment of the engine's time, between two breaths.

        Raises:
            ConfigError: They are not actions; whether they can be done shows at that moment.
        """
        self._core.schedule(at_ns, _json(actions))

    def advance(self, until_ns: int) -> None:
        """Let virtual time pass up to and including this moment.

        Raises:
            EngineError: The engine runs in real time.
            CaptureError: A capture could not be written.
        """
        self._core.advance(until_ns)

    def now(self) -> int:
        """The engine's time, in nanoseconds since it started."""
        return self._core.now()

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath.

        Raises:
            EngineError: The engine has stopped.
        """
        return Statistics.from_core(self._core.statistics())

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

    def stop(self) -> None:
        """Stop all apps, which finish what they have open. Safe to call twice.

        Raises:
            CaptureError: The end of a capture could not be written.
        """
        self._core.stop()


def _json(actions: Sequence[Action]) -> str:
    return json.dumps(to_core(actions), separators=(",", ":"))
