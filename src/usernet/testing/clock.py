"""Clock: the time of a test's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config.quantity import Span

if TYPE_CHECKING:
    from usernet.config.units import Duration
    from usernet.net.network import Network

__all__ = ["Clock"]


class Clock:
    """The time of a test's network, which starts with the test.

    Args:
        network: Whose time it is.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def now(self) -> Span:
        """How much time has passed, in seconds; compares with text, ``clock.now < "1h"``."""
        return Span(self.time_ns() / 1e9)

    def time(self) -> float:
        """How much time has passed, in seconds."""
        return self.time_ns() / 1e9

    def time_ns(self) -> int:
        """How much time has passed, in nanoseconds; 0 before the network runs."""
        return self._network.engine.now() if self._network.is_running else 0

    def advance(self, duration: Duration) -> None:
        """Let virtual time pass, in a test without asyncio; others sleep.

        Raises:
            EngineError: The network runs in real time.
        """
        self._network.advance(duration)

    def __repr__(self) -> str:
        return f"<Clock {self.now}>"
