"""Hub: what happens on the line, sent to everybody who watches by server-sent events.

One subscription serves them all, and each event is written once. Of changes that come faster than
anybody can see, those who watch are told the last: beside hundreds of flows, to say what the line
is takes many times as long as to change it. It belongs to the server's loop.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from usernet.control import Control, Subscription
    from usernet.control.subscription import Message

__all__ = ["MOST_WATCHERS", "Hub"]

MOST_WATCHERS = 100
"""Who watches at once."""
_MOST_WAITING = 64
"""Events that wait for one who watches: a dozen seconds."""
_PAUSE = 0.05
"""Seconds between two times that something is sent: what comes first is sent at once."""
_QUIET = 15.0
"""After so many seconds without an event something is sent, so that dead connections show."""


class Hub:
    """Sends what happens on a line to many.

    Args:
        control: Of the line.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._subscription: Subscription | None = None
        self._sent = -_PAUSE
        self._next: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        """Whether nobody else can watch."""
        return len(self._queues) >= MOST_WATCHERS

    async def events(self) -> AsyncGenerator[bytes]:
        """What is, and everything that happens; ends where its reader is too slow."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)
        self._queues.add(queue)
        try:
            self._begin()
            yield b"retry: 500\n\n" + _event("present", self._control.present())
            while (event := await _next(queue)) is not None:
                yield event
        finally:
            self._queues.discard(queue)
            self._end_if_alone()

    def close(self) -> None:
        """Send what there still is, and end all of them."""
        self._pass_on()
        self._end()

    def _begin(self) -> None:
        if self._subscription is None:
            loop = asyncio.get_running_loop()
            self._subscription = self._control.subscribe(
                lambda: loop.call_soon_threadsafe(self._hear)
            )
            self._subscription.take()

    def _end_if_alone(self) -> None:
        if not self._queues and self._subscription is not None:
            self._control.unsubscribe(self._subscription)
            self._subscription = None

    def _end(self) -> None:
        for queue in list(self._queues):
            _put(queue, None)

    def _hear(self) -> None:
        """Something waits: it is sent at once, or when the pause is over."""
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.call_at(max(loop.time(), self._sent + _PAUSE), self._pass_on)

    def _pass_on(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._subscription is None:
            return
        taken = self._subscription.take()
        if taken:
            self._sent = asyncio.get_running_loop().time()
        for kind, values in _latest(taken):
            event = _event(kind, values)
            for queue in list(self._queues):
                if not _put(queue, event):
                    self._queues.discard(queue)
        if self._subscription.is_dropped:
            self._end()
            self._subscription = None


def _latest(messages: Sequence[Message]) -> Iterator[Message]:
    """The messages without what the line was, where it has become something else since."""
    last = max((i for i, (kind, _) in enumerate(messages) if kind == "present"), default=-1)
    for index, message in enumerate(messages):
        if message[0] != "present" or index == last:
            yield message


def _put(queue: asyncio.Queue[bytes | None], event: bytes | None) -> bool:
    """Hand an event over; who has too many waiting gets the end in place of the last."""
    if not queue.full():
        queue.put_nowait(event)
        return True
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)
    return False


async def _next(queue: asyncio.Queue[bytes | None]) -> bytes | None:
    try:
        return await asyncio.wait_for(queue.get(), _QUIET)
    except TimeoutError:
        return b": quiet\n\n"


def _event(kind: str, values: object) -> bytes:
    data = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()
