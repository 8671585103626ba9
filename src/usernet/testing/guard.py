"""Guard: notices connections by the operating system's network, while a strict test runs.

Python tells of every connection that is made by its module `socket`, in whatever thread, before
it is made (audit events). What C code does by itself is not told.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import traceback
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

from usernet.errors import EscapeError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["watching"]

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_QUESTIONS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_HERE = os.path.dirname(os.path.dirname(__file__))
_INNER = (_HERE, os.path.dirname(os.__file__))
"""Files that are not the culprit: our own, and the standard library's."""


class _Watch:
    """What the audit hook does; Python never takes a hook away, so there is one that rests."""

    def __init__(self) -> None:
        self.installed = False
        self.escapes: list[str] | None = None

    def install(self) -> None:
        if not self.installed:
            sys.addaudithook(self._hear)
            self.installed = True

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.escapes is None or not event.startswith("socket."):
            return
        what = _escape(event, arguments)
        if what is not None:
            text = f"{what}, {_place()}"
            self.escapes.append(text)
            raise EscapeError(
                f"{text}: it is the operating system's network, not the simulated one"
            )


_watch = _Watch()


@contextlib.contextmanager
def watching() -> Generator[list[str]]:
    """Refuse connections by the operating system's network, inside; yields what was refused."""
    _watch.install()
    before, _watch.escapes = _watch.escapes, []
    try:
        yield _watch.escapes
    finally:
        _watch.escapes = before


def _escape(event: str, arguments: tuple[object, ...]) -> str | None:
    """What a call would do outside, if anything."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        sock, address = arguments[:2]
        if getattr(sock, "family", None) in _FAMILIES and address is not None:
            verb = "connects to" if event == "socket.connect" else "sends to"
            return f"a socket of the system's {verb} {_shown(address)}"
    elif event in _QUESTIONS and _is_asked(arguments[0]):
        return f"the system is asked for the address of {_text(arguments[0])}"
    return None


def _shown(address: object) -> str:
    if not isinstance(address, tuple):
        return str(address)
    host, port = cast("tuple[object, ...]", address)[:2]
    return f"{host} port {port}"


def _is_asked(name: object) -> bool:
    """Whether a name server would be asked."""
    text = _text(name)
    if not text or text == "localhost":
        return False
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return True
    return False


def _text(name: object) -> str:
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name or "")


def _place() -> str:
    """Where the call was made."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith((*_INNER, "<")):
            return f"at {frame.filename}:{frame.lineno}"
    return "from the standard library"
