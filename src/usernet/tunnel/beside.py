"""Beside: calls that block, such as the machine's own resolver, while a loop goes on.

Each has a thread of its own that nobody waits for: a resolver may take half a minute to give up,
and neither a loop that ends nor a program that exits is to wait so long for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["beside"]

_T = TypeVar("_T")


def beside(call: Callable[[], _T]) -> asyncio.Future[_T]:
    """Call this on a thread; the running loop gets what comes of it, unless it has ended."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def run() -> None:
        try:
            result = call()
        except Exception as error:
            told = error
            tell(lambda: future.set_exception(told))
        else:
            tell(lambda: future.set_result(result))

    def tell(settle: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if future.done() else settle())

    threading.Thread(target=run, name="usernet: beside", daemon=True).start()
    return future
