"""Rendezvous: how a program finds the network that another `usernet run` has made, by its name.

The name is that of a socket in the abstract namespace (unix(7)) of the machine's network: it is no
file, and is gone with its process. It tells nobody but the user whose it is, and a user asks
nobody else.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import socket
import struct
from pathlib import Path

from usernet.errors import ConfigError
from usernet.sandbox.message import receive
from usernet.sandbox.network import Namespaces

__all__ = ["Rendezvous", "ask", "names"]

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TABLE = Path("/proc/self/net/unix")
_PATH = 7
"""The column of the name in it (proc_net(5))."""
_PATIENCE = 5.0
_BACKLOG = 16
_MOST_BYTES = 64


class Rendezvous:
    """Hands the namespaces of a network to whoever asks for it by name.

    Args:
        name: Of letters, digits, dots, hyphens and underscores.
        namespaces: The network's.

    Raises:
        ConfigError: It is no name, or a network of this name runs.
    """

    def __init__(self, name: str, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        place = _place(name)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._listener.bind(place)
        except OSError:
            self._listener.close()
            problem = "a network of this name runs already"
            raise ConfigError(problem, path="name", value=name) from None
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._listener.fileno()

    def answer(self) -> bool:
        """Answer one who asks; whether somebody did."""
        with contextlib.suppress(OSError):
            asker, _ = self._listener.accept()
            with asker:
                if _user_of(asker) in {os.geteuid(), 0}:
                    socket.send_fds(asker, [b"network"], self._namespaces.descriptors)
                return True
        return False

    def close(self) -> None:
        """Be found no more."""
        self._listener.close()


def ask(name: str) -> Namespaces:
    """The network of this name.

    Raises:
        ConfigError: None of this user's is called so; the error has those that run.
    """
    place = _place(name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.settimeout(_PATIENCE)
        try:
            asking.connect(place)
            descriptors = _receive(asking)
        except OSError:
            descriptors = ()
    if not descriptors:
        raise _unknown(name)
    return Namespaces(*descriptors)


def _receive(asking: socket.socket) -> tuple[int, ...]:
    """What is told, if it is this user, or root, who tells it: anybody can take a name."""
    if _user_of(asking) not in {os.geteuid(), 0}:
        return ()
    return receive(asking, _MOST_BYTES)[1]


def _unknown(name: str) -> ConfigError:
    running = names()
    near = difflib.get_close_matches(name, running, 1)
    allowed = f"did you mean {near[0]}?" if near else f"there are {', '.join(running)}"
    return ConfigError(
        "no network of this name runs",
        path="join",
        value=name,
        allowed=allowed if running else "usernet run --name NAME starts one",
    )


def names() -> list[str]:
    """The names of this user's networks that run here."""
    rows = (line.split(maxsplit=_PATH) for line in _TABLE.read_text(errors="replace").splitlines())
    paths = {row[_PATH] for row in rows if len(row) > _PATH}
    begin = f"@{_prefix()}"
    return sorted(path.removeprefix(begin) for path in paths if path.startswith(begin))


def _place(name: str) -> bytes:
    if not _NAME.fullmatch(name):
        allowed = "up to 64 letters, digits, dots, hyphens and underscores"
        raise ConfigError("not a name for a network", value=name, allowed=allowed)
    return b"\0" + f"{_prefix()}{name}".encode()


def _prefix() -> str:
    return f"usernet/{os.geteuid()}/"


def _user_of(peer: socket.socket) -> int:
    """Who is at the other end."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return int(user)
