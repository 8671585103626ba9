"""Messages between commands and agents: a line of JSON each way, and descriptors beside it.

::

    {"verb": "dial", "host": "db.internal", "port": 5432, "timeout": 10.0}
    {"ok": {}}                               then the socket is the connection
    {"error": {"kind": "HandshakeError", "message": "…"}}
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import TYPE_CHECKING, cast

from usernet import errors
from usernet.errors import AuthenticationError, EngineError, UsernetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["check_peer", "error_from", "error_of", "read_line", "write_line"]

LONGEST = 1 << 20
"""Bytes of a message at most; a status of some thousand peers fits."""
_ROOT = 0
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


def check_peer(connection: socket.socket) -> None:
    """Make sure that the other end is a process of the same user (SO_PEERCRED, unix(7)).

    Raises:
        AuthenticationError: It is not.
    """
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(found)
    if user not in {os.getuid(), _ROOT}:
        raise AuthenticationError(f"the other end is of user {user}, not of {os.getuid()}")


def write_line(
    connection: socket.socket, message: Mapping[str, object], descriptors: Sequence[int] = ()
) -> None:
    """Send a message whole, and descriptors with its first byte."""
    data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    sent = socket.send_fds(connection, [data], list(descriptors)) if descriptors else 0
    if sent < len(data):  # who has all of it may have gone
        connection.sendall(data[sent:])


def read_line(connection: socket.socket) -> tuple[dict[str, object], list[int]]:
    """The next message, and what came with it; what follows it stays in a blocking socket.

    Raises:
        EOFError: The other end has gone.
        ValueError: It is no message.
    """
    data, descriptors = b"", list[int]()
    while not data.endswith(b"\n"):
        if len(data) >= LONGEST:
            raise ValueError("too long a message")
        ahead = connection.recv(LONGEST, socket.MSG_PEEK)
        length = ahead.find(b"\n") + 1 or len(ahead)
        piece, more, _, _ = socket.recv_fds(connection, max(length, 1), 4)
        descriptors += more
        if not piece:
            raise EOFError
        data += piece
    message: object = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError("no message")
    return cast("dict[str, object]", message), descriptors


def error_of(error: BaseException) -> dict[str, object]:
    """An error as a message has it."""
    if isinstance(error, UsernetError):
        return {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, OSError) and error.errno:
        text, about = error.strerror, error.filename
        return {"kind": "OSError", "errno": error.errno, "message": text, "about": about}
    if isinstance(error, TimeoutError):
        return {"kind": "TimeoutError", "message": str(error)}
    return {"kind": "EngineError", "message": f"{type(error).__name__}: {error}"}


def error_from(message: Mapping[str, object]) -> Exception:
    """An error as it was, where it happened."""
    kind, text = str(message.get("kind")), str(message.get("message", ""))
    if kind == "OSError":
        number, about = message.get("errno"), message.get("about")
        if isinstance(number, int):
            return OSError(number, text or os.strerror(number), about)
    if kind == "TimeoutError":
        return TimeoutError(text)
    known: object = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, UsernetError):
        return known(text)
    return EngineError(text)
