"""Ordered: futures and tasks whose order in a set follows from when they came into one.

Python orders a set by the hashes of what is in it, and the hash of a future is its place in memory,
which differs from run to run. Programs keep futures and tasks in sets, as `asyncio.wait` does: who
goes on first would differ, too, and with it the packets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Iterator

__all__ = ["NumberingLoop", "OrderedFuture", "OrderedTask", "make_task"]

_T = TypeVar("_T")


class NumberingLoop(Protocol):
    """A loop that numbers its futures: from 0, so that two runs have the same numbers."""

    numbers: Iterator[int]


class OrderedFuture(asyncio.Future[_T]):
    """A future with a number, which it gets when somebody asks for its hash."""

    _number: int | None = None

    def __hash__(self) -> int:
        if self._number is None:
            self._number = next(cast("NumberingLoop", self.get_loop()).numbers)
        return self._number


class OrderedTask(asyncio.Task[_T]):
    """A task with a number, which it gets when somebody asks for its hash."""

    _number: int | None = None

    def __hash__(self) -> int:
        if self._number is None:
            self._number = next(cast("NumberingLoop", self.get_loop()).numbers)
        return self._number


def make_task(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
    **keys: Any,  # noqa: ANN401 - as Python's version has them
) -> asyncio.Future[_T]:
    """A task factory for `loop.set_task_factory`."""
    return OrderedTask(coroutine, loop=loop, **keys)
