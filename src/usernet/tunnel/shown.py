"""Shown: a tunnel that no agent holds is seen by ``usernet status``, as agents are."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Self

from usernet.errors import AuthenticationError, EngineError
from usernet.tunnel import agent_folder
from usernet.tunnel.agent_messages import check_peer, error_of, read_line, write_line

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.wireguard.status import DeviceStatus

__all__ = ["Shown"]

_PATIENCE = 0.5
"""Seconds that who asks gets to say what: it is another process of this user."""
_BACKLOG = 16


class Shown:
    """A socket among the agents' that answers what a tunnel of this process is doing.

    Where there can be none, since the folder is somebody else's, the tunnel is not seen, and runs.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        try:
            path = agent_folder.own_path()
            self._listener = agent_folder.listening(path, _BACKLOG)
            self._path = path
        except (AuthenticationError, OSError):
            # One that is never readable, as a stream socket without an end would always be.
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.setblocking(False)

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._listener.fileno()

    def answer(self, status: DeviceStatus) -> None:
        """Answer all who ask."""
        if self._path is None:
            return
        with contextlib.suppress(BlockingIOError):
            while True:
                asking, _ = self._listener.accept()
                with asking, contextlib.suppress(OSError, EOFError, ValueError):
                    _tell(asking, status)

    def close(self) -> None:
        """Be seen no more. Safe to call twice."""
        path, self._path = self._path, None
        self._listener.close()
        if path is not None:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _tell(asking: socket.socket, status: DeviceStatus) -> None:
    asking.settimeout(_PATIENCE)
    check_peer(asking)
    message, descriptors = read_line(asking)
    for descriptor in descriptors:
        os.close(descriptor)
    if message.get("verb") == "status":
        write_line(asking, {"ok": status.to_json()})
    else:
        error = EngineError("this is no agent: it tells its status, and nothing else")
        write_line(asking, {"error": error_of(error)})
