"""Flows of datagrams: whoever sends has a socket of its own on the other side while it speaks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from usernet.proxy.server import Say

__all__ = ["Flows", "Outlet"]

_KeyT = TypeVar("_KeyT")

_MOST = 1024
"""Flows at a time; a further one ends the one that has been silent for longest."""
_IDLE_SECONDS = 300.0
"""For how long a silent flow is kept (RFC 4787, 4.3, recommends this or more)."""
_MOST_WAITING = 32
"""Datagrams that wait while a flow is opened; more are dropped."""


class Outlet(Protocol):
    """The socket of a flow on the other side."""

    def send(self, data: bytes) -> None:
        """Send a datagram; one that there is no room for is dropped."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class _Flow:
    def __init__(self, now: float) -> None:
        self.used = now
        self.waiting: list[bytes] = []
        self.outlet: Outlet | None = None
        self.opening: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self.opening is not None:
            self.opening.cancel()
        if self.outlet is not None:
            self.outlet.close()


class Flows(Generic[_KeyT]):
    """The flows of one port.

    Args:
        begin: Opens the socket of a new flow.
        say: Told why one could not be opened.
        most: How many there may be.
        idle: Seconds for which a silent one is kept.
    """

    def __init__(
        self,
        begin: Callable[[_KeyT], Awaitable[Outlet]],
        say: Say,
        most: int = _MOST,
        idle: float = _IDLE_SECONDS,
    ) -> None:
        self._begin = begin
        self._say = say
        self._most = most
        self._idle = idle
        self._flows: dict[_KeyT, _Flow] = {}  # the one used last is last

    def __len__(self) -> int:
        return len(self._flows)

    def send(self, key: _KeyT, data: bytes) -> None:
        """Pass on a datagram of this sender."""
        now = asyncio.get_running_loop().time()
        flow = self._flows.pop(key, None)
        self._forget(now)
        if flow is None:
            flow = _Flow(now)
            flow.opening = asyncio.get_running_loop().create_task(self._open(key, flow))
        self._flows[key] = flow
        flow.used = now
        if flow.outlet is not None:
            flow.outlet.send(data)
        elif len(flow.waiting) < _MOST_WAITING:
            flow.waiting.append(data)

    def touch(self, key: _KeyT) -> None:
        """Something came back for this sender."""
        if (flow := self._flows.pop(key, None)) is not None:
            self._flows[key] = flow
            flow.used = asyncio.get_running_loop().time()

    def close(self) -> None:
        """End all flows."""
        while self._flows:
            self._flows.popitem()[1].close()

    def _forget(self, now: float) -> None:
        """End those that have been silent for too long, and make room for one."""
        while self._flows:
            key = next(iter(self._flows))
            is_silent = self._flows[key].used + self._idle < now
            if not is_silent and len(self._flows) < self._most:
                return
            self._flows.pop(key).close()

    async def _open(self, key: _KeyT, flow: _Flow) -> None:
        try:
            flow.outlet = await self._begin(key)
        except OSError as error:
            self._say(f"datagrams: {error}")
            if self._flows.get(key) is flow:
                del self._flows[key]
            return
        for data in flow.waiting:
            flow.outlet.send(data)
        flow.waiting.clear()
