"""Living: how an async test runs on its network, whoever runs its loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from usernet.errors import EngineError
from usernet.net.event_loop import EventLoop
from usernet.net.network import Network
from usernet.net.patches import clocks_and_randomness
from usernet.net.simulate import simulate

if TYPE_CHECKING:
    from usernet.engine import Engine
    from usernet.net.bridge import Bridge

__all__ = ["Body", "LazyNetwork", "Life"]

Body: TypeAlias = Callable[..., Coroutine[object, object, object]]
"""An async test."""


class LazyNetwork(Network):
    """A network that starts when it is first used in a running loop: by a fixture, or by a test."""

    @property
    def engine(self) -> Engine:
        """What runs the network; it starts where a loop runs."""
        self._start_if_possible()
        return super().engine

    @property
    def bridge(self) -> Bridge:
        """What takes events to sockets; the network starts where a loop runs."""
        self._start_if_possible()
        return super().bridge

    def _start_if_possible(self) -> None:
        if self.is_running:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.enter(loop)


@dataclass(frozen=True, slots=True)
class Life:
    """How an async test lives.

    Attributes:
        network: Its network, if it has one.
        seed: What all randomness follows from.
        virtual: Whether it runs in virtual time.
        at_end: What is done when it has ended, while its network runs.
    """

    network: Network | None
    seed: int
    virtual: bool
    at_end: Callable[[], None]

    def run(self, body: Body, arguments: dict[str, object]) -> None:
        """Run a test in a loop of its own."""
        __tracebackhide__ = True
        living = self._living(body, arguments, ends=True)
        if self.virtual:
            simulate(living, seed=self.seed)
        else:
            asyncio.run(living)

    def joined(self, body: Body) -> Body:
        """The test, for a plugin that runs it in a loop of its own making."""

        @functools.wraps(body)
        async def joined(**arguments: object) -> None:
            __tracebackhide__ = True
            with self._in_loop():
                await self._living(body, arguments, ends=False)

        return joined

    async def _living(self, body: Body, arguments: dict[str, object], *, ends: bool) -> None:
        __tracebackhide__ = True
        try:
            with self._at_home():
                await body(**arguments)
        finally:
            self.at_end()
            if ends and self.network is not None:
                self.network.stop()

    @contextlib.contextmanager
    def _in_loop(self) -> Generator[None]:
        """Make a loop that somebody else has made the test's own."""
        loop = asyncio.get_running_loop()
        if not self.virtual:
            yield
            return
        if not isinstance(loop, EventLoop):
            raise EngineError(
                "the test is to run in virtual time, and its loop is not: an async fixture of"
                f" another scope may have made this {type(loop).__name__}. Have it made by the loop"
                " factory usernet.net.event_loop.EventLoop, or say real_time=True"
            )
        loop.seed = self.seed
        with clocks_and_randomness(lambda: loop.clock.now, self.seed):
            yield

    @contextlib.contextmanager
    def _at_home(self) -> Generator[None]:
        """Live on the first host, if there is one."""
        network = self.network
        if network is None:
            yield
            return
        if not network.is_running:
            network.enter(asyncio.get_running_loop())
        with contextlib.ExitStack() as stack:
            for host in list(network.hosts.values())[:1]:
                stack.enter_context(host)
            yield
