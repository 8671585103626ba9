"""Deadlock: what to say when nothing can ever happen again in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from usernet.errors import DeadlockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from usernet.net.bridge import Bridge

__all__ = ["deadlock"]


def deadlock(
    loop: asyncio.AbstractEventLoop, bridges: Iterable[Bridge], time: float
) -> DeadlockError:
    """The error, with where each task waits and what stands in each socket."""
    lines = [
        f"deadlock at {time:.9f} s of virtual time: nothing is ready and nothing is scheduled,"
        " so nothing can ever happen again"
    ]
    lines += ["tasks:", *_or_none(_tasks(loop))]
    lines += ["sockets:", *_or_none(f"  {owner!r}" for one in bridges for owner in one.owners())]
    return DeadlockError("\n".join(lines))


def _or_none(lines: Iterable[str]) -> list[str]:
    return list(lines) or ["  none"]


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        yield f"  {task.get_name()}: {_name(task)}"
        for frame in _frames(task):
            code = frame.f_code
            yield f"    {code.co_filename}:{frame.f_lineno} in {code.co_qualname}"


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", repr(task.get_coro()))


def _frames(task: asyncio.Task[object]) -> Iterator[FrameType]:
    """Where it waits, from the outermost coroutine to the innermost."""
    waiting: object = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is None:
            return
        yield frame
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
