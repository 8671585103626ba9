"""LoopThread: an event loop on a thread of its own, for programs that block."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, TypeVar

from usernet.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["LoopThread"]

_T = TypeVar("_T")
_log = logging.getLogger("usernet")


class LoopThread:
    """An event loop that runs until `close`.

    Args:
        name: The name of its thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._jobs: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def call(self, coroutine: Coroutine[object, object, _T], timeout: float | None = None) -> _T:
        """Run a coroutine in the loop, from another thread, and wait for what comes of it.

        Raises:
            TimeoutError: It took longer than so many seconds, and was cancelled.
            EngineError: The loop is closed.
        """
        if not self._thread.is_alive() or self._loop.is_closed():
            coroutine.close()
            raise EngineError("the tunnel is closed")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine in the loop, from any thread; what it raises is written to the log."""
        self._loop.call_soon_threadsafe(self._start, coroutine)

    def _start(self, coroutine: Coroutine[object, object, None]) -> None:
        job = self._loop.create_task(_logged(coroutine))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    def close(self) -> None:
        """End the jobs, and then the thread. Safe to call twice."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            self.call(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._loop.shutdown_default_executor()


async def _logged(coroutine: Coroutine[object, object, None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        try:
            await coroutine
        except Exception:
            _log.exception("a connection of a tunnel failed")
