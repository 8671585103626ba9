"""Escape: what to say to libraries that go round the loop, to the operating system's sockets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from usernet.errors import EscapeError

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["escaped"]

_REAL = "run the network in real time (an ordinary asyncio loop) and link it to a usernet.Tun"
_ADVICE = {
    "grpc": f"gRPC has its own sockets, in C: {_REAL}, or use grpclib, which is asyncio's",
    "psycopg": f"libpq has its own sockets, in C: {_REAL}, or use asyncpg, which is asyncio's",
    "psycopg2": f"libpq has its own sockets, in C: {_REAL}, or use asyncpg, which is asyncio's",
    "aiopg": f"libpq has its own sockets, in C: {_REAL}, or use asyncpg, which is asyncio's",
    "aiodns": "c-ares has its own sockets, in C: uninstall aiodns, or use"
    " aiohttp.ThreadedResolver or dnspython",
    "pycares": "c-ares has its own sockets, in C: use dnspython, which is asyncio's",
    "uvloop": f"uvloop has its own loop, in C: {_REAL}, or leave uvloop out",
    "zmq": f"ZeroMQ has its own sockets, in C: {_REAL}",
    "paho": f"paho waits for its socket in a thread: {_REAL}, or use gmqtt, which is asyncio's",
}
"""What to do instead, for the libraries known to go round asyncio."""


def escaped(what: str) -> EscapeError:
    """The error for a call that asks for something of the operating system's."""
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    culprit = _culprit(caller)
    advice = _ADVICE[culprit] if culprit else f"let asyncio make the connection, or {_REAL}"
    return EscapeError(
        f"{what} is the operating system's, where virtual time means nothing: {advice}"
    )


def _culprit(frame: FrameType | None) -> str | None:
    """The known library whose code is running, if one is."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name in _ADVICE:
            return name
        frame = frame.f_back
    return None
