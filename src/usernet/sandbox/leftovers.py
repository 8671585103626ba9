"""Leftovers: processes that are still in a network when its program has ended, and their end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["children", "end_all", "inhabitants"]

_PATIENCE = 5.0
"""Seconds for a process to die of SIGKILL: more than any takes that is not stuck in the kernel."""


def inhabitants(network: int) -> set[int]:
    """The processes in a network namespace that this process may see there, itself excepted.

    Args:
        network: The inode number of the namespace.
    """
    numbers = (int(name) for name in os.listdir("/proc") if name.isdecimal())
    return {pid for pid in numbers if pid != os.getpid() and _network(pid) == network}


def _network(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:  # it has ended, or is somebody else's
        return None


def children() -> set[int]:
    """The processes whose parent this process is, or has become."""
    pid = os.getpid()
    with contextlib.suppress(OSError):
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return {
        child for child in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _is(child, pid)
    }


def _is(child: int, parent: int) -> bool:
    """Whether one is the other's child, by proc_pid_stat(5): a kernel may list none."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{child}/stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[1] == str(parent)
    return False


def end_all(found: Callable[[], Iterable[int]]) -> None:
    """Kill processes until none is found, and see their ends; orphans may come after them.

    Args:
        found: Which there are; asked again and again.
    """
    deadline = time.monotonic() + _PATIENCE
    while pids := set(found()):
        # Parents before their children, or they would report these as killed.
        ends = [end for pid in sorted(pids) if (end := _kill(pid)) is not None]
        try:
            if not _wait_for(ends, deadline):
                return
        finally:
            for end in ends:
                os.close(end)
        _reap()


def _kill(pid: int) -> int | None:
    """Kill a process; what says when it has ended."""
    try:
        end = os.pidfd_open(pid)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        signal.pidfd_send_signal(end, signal.SIGKILL)
    return end


def _wait_for(ends: Iterable[int], deadline: float) -> bool:
    """Wait for these ends; whether all came in time."""
    watched = select.poll()
    left = set(ends)
    for end in left:
        watched.register(end, select.POLLIN)
    while left:
        ready = watched.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            return False
        for end, _ in ready:
            watched.unregister(end)
            left.discard(end)
    return time.monotonic() < deadline


def _reap() -> None:
    """Take note of the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
