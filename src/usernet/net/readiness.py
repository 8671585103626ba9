"""Readiness: what may be possible with a socket right now, and who waits for it.

The core tells an edge: something has become possible. Programs ask for a level: is it possible now?
In between stands what is remembered here: it is, until an attempt shows that it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.net.bridge import CONNECTED, FAILED, FINISHED, GONE, READABLE, WRITABLE

if TYPE_CHECKING:
    import asyncio

__all__ = ["Readiness"]

_READ = READABLE | FINISHED | FAILED | GONE
_WRITE = WRITABLE | CONNECTED | FAILED | GONE


class Readiness:
    """What may be possible with one socket."""

    def __init__(self) -> None:
        self._flags = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def readable(self) -> bool:
        """Whether reading is worth an attempt."""
        return bool(self._flags & _READ)

    @property
    def writable(self) -> bool:
        """Whether writing is worth an attempt."""
        return bool(self._flags & _WRITE)

    def happened(self, flags: int) -> None:
        """These conditions have come about."""
        self._flags |= flags
        waiters, self._waiters = self._waiters, []
        for wanted, future in waiters:
            if future.done():
                continue
            if wanted & flags:
                future.set_result(None)
            else:
                self._waiters.append((wanted, future))

    def nothing_to_read(self) -> None:
        """An attempt to read met nothing."""
        self._flags &= ~_READ

    def no_room(self) -> None:
        """An attempt to write met no room."""
        self._flags &= ~_WRITE

    def wait(self, loop: asyncio.AbstractEventLoop, *, write: bool) -> asyncio.Future[None]:
        """A future that is done when reading, or else writing, is worth another attempt."""
        future: asyncio.Future[None] = loop.create_future()
        self._waiters.append((_WRITE if write else _READ, future))
        return future
