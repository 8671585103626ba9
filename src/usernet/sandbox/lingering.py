"""Lingering: TCP connections whose program has ended, and which still have something to send.

On a machine the kernel goes on for them when a program has ended. Here the network ends with the
program, so it waits for them, for a while.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

__all__ = ["lingering", "unacknowledged"]

_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_WAITING = {"04", "09", "0B"}
"""FIN-WAIT-1, LAST-ACK and CLOSING of net/tcp_states.h: not all that was sent is acknowledged."""
_STATE = 3


def lingering() -> int:
    """How many such connections there are in the network of this process."""
    count = 0
    for table in _TABLES:
        with contextlib.suppress(OSError):
            count += unacknowledged(table.read_text())
    return count


def unacknowledged(table: str) -> int:
    """How many such connections there are in a table of the kernel (proc_net(5))."""
    rows = (line.split() for line in table.splitlines()[1:])
    return sum(len(row) > _STATE and row[_STATE] in _WAITING for row in rows)
