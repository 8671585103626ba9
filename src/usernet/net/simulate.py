"""Simulate: ``asyncio.run``, in virtual time, on a simulated network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from usernet.net.event_loop import EventLoop
from usernet.net.patches import clocks_and_randomness

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["simulate"]

_T = TypeVar("_T")


def simulate(
    main: Coroutine[object, object, _T], *, seed: int = 0, debug: bool | None = None
) -> _T:
    """Run a program in virtual time, and return its result.

    An hour of sleeping takes milliseconds, and the same seed gives the same packets on every run:
    ``time`` tells the virtual time, and ``random``, ``os.urandom``, ``uuid`` and ``secrets`` follow
    from the seed, until this returns. What OpenSSL draws is out of reach: the bytes inside TLS
    differ from run to run.

    Args:
        main: The program, such as ``main()``. It makes the network, and enters its hosts.
        seed: What all randomness follows from.
        debug: As for `asyncio.run`.

    Raises:
        DeadlockError: Nothing is ready and nothing is scheduled, so it would never end.
        NoHostError: It calls the network where no host is current.
        RuntimeError: A loop is running already.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("simulate() cannot be called from a running event loop")
    loop = EventLoop()
    loop.seed = seed
    try:
        with (
            clocks_and_randomness(lambda: loop.clock.now, seed),
            asyncio.Runner(debug=debug, loop_factory=lambda: loop) as runner,
        ):
            return runner.run(main)
    finally:
        loop.close()
