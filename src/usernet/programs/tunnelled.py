"""Tunnelled: what is seen after while a program is in a tunnel: its status, silence, and moves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from usernet.programs.moving import Moving
from usernet.programs.silence import Silence
from usernet.tunnel.shown import Shown

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.control.control import Control
    from usernet.engine import Statistics
    from usernet.programs.private import Private

__all__ = ["Tunnelled"]


class Tunnelled:
    """Sees after a tunnel.

    Args:
        private: The tunnel.
        name: What `usernet status` calls it.
    """

    def __init__(self, private: Private, name: str) -> None:
        self._private = private
        self._name = name
        self._shown = Shown()
        self._silence = Silence()
        self._moving = Moving(private.named, private.config)

    def fileno(self) -> int:
        """Readable when somebody asks for the status."""
        return self._shown.fileno()

    def look(self, control: Control, now: Statistics) -> None:
        """Do what is to be done now, each second or so."""
        status = self._private.status(now, self._name)
        self._shown.answer(status)
        if silence := self._silence.look(status, now.time_ns):
            sys.stderr.write(f"usernet: warning: {silence}\n")
        peers = self._moving.look(status, now.time_ns)
        if peers is not None:
            control.renew_first(self._private.device(peers))

    def close(self) -> None:
        """Be seen no more."""
        self._shown.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
