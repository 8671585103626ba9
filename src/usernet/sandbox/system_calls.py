"""System calls that Python 3.11 has no function for: namespaces, mounts, and who dies with whom."""

from __future__ import annotations

import ctypes
import os

__all__ = [
    "BIND",
    "DETACH",
    "NEW_MOUNTS",
    "NEW_NETWORK",
    "NEW_USER",
    "NO_DEVICES",
    "NO_SETUID",
    "RECURSIVE",
    "SLAVE",
    "adopt_orphans",
    "die_with_parent",
    "enter",
    "mount",
    "unmount",
    "unshare",
]

NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of sched.h: a mount namespace of one's own."""
NEW_USER = 0x10000000
"""CLONE_NEWUSER: a user namespace."""
NEW_NETWORK = 0x40000000
"""CLONE_NEWNET: a network namespace."""

NO_SETUID, NO_DEVICES = 0x2, 0x4
"""MS_NOSUID and MS_NODEV of linux/mount.h."""
BIND = 0x1000
"""MS_BIND: what is at one place is also at another."""
RECURSIVE = 0x4000
"""MS_REC: all mounts below as well."""
SLAVE = 1 << 19
"""MS_SLAVE: mounts come in from outside, and none goes out."""
DETACH = 2
"""MNT_DETACH of umount2(2)."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
"""Both of linux/prctl.h."""

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(namespaces: int) -> None:
    """Go into new namespaces of these kinds (unshare(2)).

    Raises:
        OSError: The system forbids it, or there are too many.
    """
    _check(_libc.unshare(namespaces), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Go into the namespace of a descriptor (setns(2)).

    Raises:
        OSError: The system forbids it.
    """
    _check(_libc.setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Attach a file system, or change how one is attached (mount(2)).

    Raises:
        OSError: It cannot be; the error names the target.
    """
    words = (os.fsencode(word) for word in (source, target, kind))
    _check(_libc.mount(*words, ctypes.c_ulong(flags), options.encode()), target)


def unmount(target: str, flags: int = 0) -> None:
    """Take a file system off again (umount2(2)).

    Raises:
        OSError: It cannot be; the error names the target.
    """
    _check(_libc.umount2(os.fsencode(target), flags), target)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def die_with_parent(signal: int) -> None:
    """Get this signal when the parent ends (PR_SET_PDEATHSIG); exec(2) of a program keeps it."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
