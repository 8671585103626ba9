"""Descriptors: how many a process may have open (getrlimit(2))."""

from __future__ import annotations

import resource

__all__ = ["allow_all"]


def allow_all() -> None:
    """Let this process open as many as the system lets it: a connection of a program is one here.

    What it is started with is for programs that use select(2), and is often 1024.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
