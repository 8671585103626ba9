"""NeverWaits: what a socket says that is asked to wait, and cannot.

A call that waits holds up its thread; in virtual time nobody could then move the clock.
"""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from usernet.errors import EscapeError

__all__ = ["NeverWaits"]


class NeverWaits:
    """The part of a socket that is about waiting.

    Args:
        timeout: As for `settimeout`.
    """

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout

    def setblocking(self, flag: bool) -> None:
        """Whether to raise `BlockingIOError` where it would have to wait."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Whether it is (as real ones are at first) blocking."""
        return self._timeout != 0.0

    def settimeout(self, timeout: float | None) -> None:
        """As `setblocking`; a time-out is not waited for either."""
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        """What `settimeout` was told."""
        return self._timeout

    def get_inheritable(self) -> bool:
        """False: there is nothing to inherit."""
        return False

    def set_inheritable(self, inheritable: bool) -> None:
        """Does nothing."""

    def would_block(self, call: str) -> NoReturn:
        """The error for a call that would have to wait.

        Raises:
            BlockingIOError: The socket is non-blocking.
            EscapeError: It is not.
        """
        if self._timeout == 0.0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        raise EscapeError(
            f"socket.{call}() would wait, and nothing else could run meanwhile, the simulated"
            " network not either: use asyncio for it, or setblocking(False)"
        )

    def detach(self) -> NoReturn:
        """Refused: a virtual socket cannot be handed over by its descriptor."""
        raise EscapeError("a socket of a simulated host cannot be detached: pass the object itself")

    def dup(self) -> NoReturn:
        """Refused: as `detach`."""
        raise EscapeError("a socket of a simulated host has no second descriptor: pass the object")

    def makefile(self, *arguments: object, **keywords: object) -> NoReturn:
        """Refused: files read and write as if they could wait."""
        self.would_block("makefile")
