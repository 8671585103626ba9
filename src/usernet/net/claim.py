"""Claims: whose an interface is, so that no two lines carry each of its packets.

A claim is a unix socket with a name of the abstract kind (unix(7)). Such a name is one of its
network namespace, as an interface is; the kernel takes it back however the process ends; and
whoever finds it taken is told by whom.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from usernet.errors import InterfaceError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Claims"]

_LONGEST_NAME = 15
"""Bytes of an interface's name (IFNAMSIZ, netdevice(7)); the engine refuses one that is longer."""
_CREDENTIALS = struct.Struct("iII")
"""``struct ucred``: process, user, group."""


class Claims:
    """Interfaces that nobody else has, until they are given back.

    Args:
        interfaces: Their names.

    Raises:
        InterfaceError: Another line has one of them; then none is claimed.
    """

    def __init__(self, interfaces: Iterable[str]) -> None:
        self._held: list[socket.socket] = []
        try:
            for name in interfaces:
                if len(os.fsencode(name)) <= _LONGEST_NAME:
                    self._held.append(_claim(name))
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others have them."""
        while self._held:
            self._held.pop().close()


def _claim(interface: str) -> socket.socket:
    name = b"\0usernet/interface/" + os.fsencode(interface)
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(name)
        claim.listen()
    except OSError as error:
        claim.close()
        if error.errno != errno.EADDRINUSE:
            raise
        problem = f"another line has it{_holder(name)}: end that, or name another interface"
        raise InterfaceError(problem, interface=interface) from None
    return claim


def _holder(name: bytes) -> str:
    """Whose a claim is, where it can be told (SO_PEERCRED, unix(7))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as asking:
        try:
            asking.connect(name)
        except OSError:
            return ""
        told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process = _CREDENTIALS.unpack(told)[0]
    return f", process {process}" if process else ""
