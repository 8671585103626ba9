"""Jobs: what a loop in virtual time has running in other threads.

While one runs the clock stands. Results are delivered in the order in which the jobs were begun,
one at a time, when nothing else is to be done: they do not depend on which thread was faster.
"""

from __future__ import annotations

import contextvars
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures
    from collections.abc import Callable

__all__ = ["Jobs"]

_T = TypeVar("_T")


class Jobs:
    """The jobs of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._wake = wake
        self._begun: deque[tuple[concurrent.futures.Future[object], asyncio.Future[object]]]
        self._begun = deque()

    @property
    def running(self) -> bool:
        """Whether there are any that have not been delivered."""
        return bool(self._begun)

    @property
    def overtaken(self) -> bool:
        """Whether one is done, but one begun before it is not."""
        return any(job.done() for job, _ in self._begun)

    def begin(
        self, executor: concurrent.futures.Executor, function: Callable[..., _T], *arguments: object
    ) -> asyncio.Future[_T]:
        """Have an executor do it, in a copy of the present context; a future of the result."""
        context = contextvars.copy_context()
        job = executor.submit(context.run, function, *arguments)
        future: asyncio.Future[_T] = self._loop.create_future()
        self._begun.append((job, future))  # type: ignore[arg-type]
        future.add_done_callback(lambda future: job.cancel() if future.cancelled() else None)
        job.add_done_callback(lambda _: self._wake())
        return future

    def deliver(self, *, in_order: bool = True) -> bool:
        """Deliver the next one that is done; whether there was one."""
        for place, (job, future) in enumerate(self._begun):
            if job.done():
                del self._begun[place]
                _copy(job, future)
                return True
            if in_order:
                return False
        return False


def _copy(job: concurrent.futures.Future[object], future: asyncio.Future[object]) -> None:
    if future.done():
        return
    if job.cancelled():
        future.cancel()
    elif (error := job.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(job.result())
