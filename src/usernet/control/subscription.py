"""Subscriptions: whoever watches has a bounded queue, and who does not read it is dropped."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_WAITING", "Message", "Subscription"]

Message = tuple[str, dict[str, object]]
"""What happened, and plain values that say more."""
MOST_WAITING = 256
"""Messages that wait for a reader: a minute's worth of points."""


class Subscription:
    """A queue of messages between the line's thread and a reader of another.

    Args:
        wake: Called, from whatever thread, when there is something to take where there was not. It
            must not wait, and what it raises ends the subscription.

    Attributes:
        is_dropped: Whether its reader was too slow; nothing comes any more.
    """

    def __init__(self, wake: Callable[[], object] | None = None) -> None:
        self._wake = wake
        self._waiting: deque[Message] = deque()
        self._changed = threading.Condition()
        self.is_dropped: bool = False

    def put(self, message: Message) -> bool:
        """Hand a message over; whether there was room."""
        with self._changed:
            if self.is_dropped or len(self._waiting) >= MOST_WAITING:
                self.is_dropped = True
            else:
                self._waiting.append(message)
            self._changed.notify()
        if self._wake is not None:
            try:
                self._wake()
            except Exception:
                self.is_dropped = True
        return not self.is_dropped

    def take(self) -> list[Message]:
        """Everything that waits."""
        with self._changed:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

    def wait(self, timeout: float) -> list[Message]:
        """Everything that waits, as soon as there is something; nothing after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.is_dropped, timeout)
        return self.take()
