"""Ending: what a tunnel still does for connections that were closed just before it stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from usernet.net.blocking import has_unread

if TYPE_CHECKING:
    from usernet.net.host import Host

__all__ = ["settle"]

GRACE = 3.0
"""Seconds at most that the last bytes of closed connections get to arrive."""
_LOOK = 0.005
_ON_ITS_WAY = ("fin-wait-1", "closing", "last-ack")
"""States in which a connection is closed, and its end not acknowledged (RFC 9293, 3.3.2)."""


async def settle(host: Host) -> None:
    """Wait until what programs have sent and closed has arrived; what is open is not waited for."""
    clock = asyncio.get_running_loop().time
    until = clock() + GRACE
    while (has_unread(host) or _is_on_its_way(host)) and clock() < until:  # noqa: ASYNC110 - the core tells nobody
        await asyncio.sleep(_LOOK)


def _is_on_its_way(host: Host) -> bool:
    states = host.statistics().sockets
    return any(states.get(state) for state in _ON_ITS_WAY)
