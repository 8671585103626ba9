"""Network: the graph that a user builds, app by app, and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from usernet.config import units
from usernet.config.topology import Connection, Topology, parse_connection
from usernet.engine import Engine, Statistics
from usernet.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.config.apps import App
    from usernet.config.impairment import Impairment

__all__ = ["Network"]


class Network:
    """A graph of apps joined by links, which runs in real or in virtual time.

    Build it with `app` and `connect`, before it runs or while it does; a change loses no packet
    of what it does not name. Then either let virtual time pass with `advance`, or run it in real
    time with `start` and `stop`, or in a ``with`` block.

    Args:
        seed: What all randomness follows from.
        precise: In real time, spin for the last 80 µs before each deadline.
    """

    def __init__(self, *, seed: int = 0, precise: bool = False) -> None:
        self._seed = seed
        self._precise = precise
        self._topology = Topology()
        self._engine: Engine | None = None
        self._virtual = False

    @property
    def topology(self) -> Topology:
        """The graph as data."""
        return self._topology

    def app(self, name: str, app: App) -> None:
        """Add an app, or give the one of that name a new config.

        Raises:
            ConfigError: The name or the config is impossible.
        """
        self.configure(self._topology.with_app(name, app))

    def connect(self, link: str, impairment: Impairment | None = None) -> None:
        """Join two ports: ``"source.tx -> sink.rx"``; through an impairment, if one is given.

        Raises:
            ConfigError: An app is missing, or a port has a link already.
        """
        wanted = parse_connection(link)
        if impairment is None:
            self.configure(self._topology.with_link(wanted))
            return
        name, before, after = _through(wanted)
        topology = self._topology.with_app(name, impairment)
        self.configure(topology.with_link(before).with_link(after))

    def impair(self, link: str, impairment: Impairment) -> None:
        """Change the impairment of a link that has one; what is in flight stays in flight.

        Raises:
            ConfigError: The link has no impairment.
        """
        name, _, _ = _through(parse_connection(link))
        if name not in self._topology.apps:
            raise ConfigError("the link has no impairment", value=link)
        self.configure(self._topology.with_app(name, impairment))

    def configure(self, topology: Topology) -> None:
        """Make this the graph.

        Raises:
            ConfigError: It cannot be; the present one stays.
        """
        if self._engine is not None:
            self._engine.configure(topology)
        self._topology = topology

    def advance(self, duration: units.Duration) -> None:
        """Let virtual time pass: ``"10s"``, or a timedelta.

        Raises:
            EngineError: The network runs in real time.
        """
        engine = self._running(virtual=True)
        engine.advance(engine.now() + units.nanoseconds(duration))

    def start(self) -> None:
        """Run in real time, from now on.

        Raises:
            EngineError: The network runs in virtual time.
        """
        self._running(virtual=False)

    def stop(self) -> None:
        """Stop; interfaces and files are closed. Safe to call twice."""
        if self._engine is not None:
            self._engine.stop()
            self._engine = None

    @property
    def engine(self) -> Engine:
        """What runs the network.

        Raises:
            EngineError: Nothing runs yet.
        """
        if self._engine is None:
            raise EngineError("the network does not run: start() it, or advance() its time")
        return self._engine

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath.

        Raises:
            EngineError: Nothing runs yet.
        """
        return self.engine.statistics()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self, *, virtual: bool) -> Engine:
        if self._engine is None:
            engine = Engine(seed=self._seed, virtual=virtual, precise=self._precise)
            engine.configure(self._topology)
            self._engine, self._virtual = engine, virtual
        if self._virtual != virtual:
            raise EngineError("real and virtual time do not mix: stop() the network first")
        return self._engine


def _through(link: Connection) -> tuple[str, Connection, Connection]:
    """The name of the impairment on a link, and the two links that lead through it."""
    name = str(link).replace(" ", "")
    before = Connection(link.from_app, link.from_port, name, "rx")
    return name, before, Connection(name, "tx", link.to_app, link.to_port)
