"""Bridge: takes an engine's socket events to whoever watches the sockets.

In real time the running loop polls the engine's descriptor; the loop in virtual time drains by
itself. An event wakes whoever tried before and met "not now": who watches a socket
tries first, so an event that came before the watching is not missed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = [
    "CONNECTED",
    "FAILED",
    "FINISHED",
    "FLUSHED",
    "GONE",
    "OVER",
    "READABLE",
    "WRITABLE",
    "Bridge",
    "EventSource",
]

READABLE = 1
"""Bytes, a datagram or a connection to accept are there."""
WRITABLE = 2
"""There is room to send again."""
CONNECTED = 4
"""The connection stands."""
FINISHED = 8
"""The peer has finished sending."""
FAILED = 16
"""The socket has failed."""
FLUSHED = 32
"""Everything that was sent has been acknowledged."""
GONE = 64
"""The network has stopped, and the socket with it. This flag is the bridge's own."""

OVER = 128
"""It is over with a socket that was spliced."""


class EventSource(Protocol):
    """What a bridge needs of an engine."""

    def fileno(self) -> int:
        """A descriptor that is readable while events wait."""
        ...

    def drain(self) -> list[tuple[int, int]]:
        """All events since the last call: keys and flags."""
        ...


class Bridge:
    """Who watches which socket of an engine."""

    def __init__(self, engine: EventSource) -> None:
        self.engine = engine
        self._watchers: dict[int, tuple[Context, Callable[[int], None]]] = {}
        self._left: list[tuple[int, int]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: asyncio.Handle | None = None
        self.closed: bool = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a loop in real time dispatch the events."""
        loop.add_reader(self.engine.fileno(), self.dispatch)
        self._loop = loop

    def detach(self) -> None:
        """Undo `attach`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self.engine.fileno())
        self._loop = None
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def watch(self, key: int, context: Context, on_events: Callable[[int], None]) -> None:
        """Have this called, in this context, with the flags of each event of a socket."""
        if self.closed:
            asyncio.get_running_loop().call_soon(on_events, GONE, context=context)
        else:
            self._watchers[key] = context, on_events

    def forget(self, key: int) -> None:
        """Undo `watch`."""
        self._watchers.pop(key, None)

    def owners(self) -> list[object]:
        """Who watches: transports, servers and sockets."""
        calls = (getattr(call, "func", call) for _, call in self._watchers.values())
        return list(dict.fromkeys(getattr(call, "__self__", call) for call in calls))

    def dispatch(self) -> None:
        """Deliver all events that wait.

        An exception of a watcher (`KeyboardInterrupt`) passes; the rest keeps for the next call.
        """
        self._due = None
        events = self.engine.drain()
        if self._left:
            events, self._left = self._left + events, []
        watchers = self._watchers
        for place, (key, flags) in enumerate(events):
            watcher = watchers.get(key)
            if watcher is None:
                continue
            try:
                watcher[0].run(watcher[1], flags)
            except BaseException:
                self._left = events[place + 1 :]
                raise

    def soon(self) -> None:
        """A call may have brought events about: in real time, look in the loop's next round.

        They would come by the descriptor too, but only after a call of the system's.
        """
        if self._loop is not None and self._due is None:
            self._due = self._loop.call_soon(self.dispatch)

    def close(self) -> None:
        """Tell all who watch that the network has stopped."""
        self.closed = True
        self.detach()
        watchers, self._watchers = self._watchers, {}
        for context, on_events in watchers.values():
            context.run(on_events, GONE)
