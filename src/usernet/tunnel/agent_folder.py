"""The folder of the agents' sockets: whose it is, and which socket is for which tunnel."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from usernet.errors import AuthenticationError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Generator

    from usernet.tunnel.choice import WayOptions

__all__ = [
    "folder",
    "forget",
    "identity",
    "is_own",
    "listening",
    "locked",
    "log_path",
    "own_path",
    "socket_path",
    "sockets",
]

PROTOCOL = 1
"""Grows when commands and agents would not understand each other any more."""
_LONGEST_PATH = 107
"""Bytes of the path of a Unix socket (unix(7))."""
_LONGEST_NAME = 24
_SUFFIX = ".sock"
_OWN = "own-"
"""What the names of sockets begin with of which no agent is behind, but a command's own tunnel."""


def folder() -> str:
    """The folder, made where it is not there: of this user alone (0700), and no link.

    Raises:
        AuthenticationError: Somebody else could have put something there.
    """
    path = _place()
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise AuthenticationError(_told(path, error.strerror or "cannot be made")) from None
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        raise AuthenticationError(_told(path, "is no folder"))
    if status.st_uid != os.getuid():
        raise AuthenticationError(_told(path, "belongs to another user"))
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise AuthenticationError(_told(path, "is open to others"))
    return path


def _place() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.path.isdir(runtime) and os.stat(runtime).st_uid == os.getuid():
        path = os.path.join(runtime, "usernet")
        if len(os.fsencode(path)) + _LONGEST_NAME <= _LONGEST_PATH:
            return path
    return os.path.join(os.sep, "tmp", f"usernet-{os.getuid()}")


def _told(path: str, problem: str) -> str:
    return f"{path}, where agents have their sockets, {problem}: remove it, or use --no-agent"


def identity(options: WayOptions) -> str:
    """What tells a tunnel from others: where its files are, what is in them, the line, the names.

    It is a hash, from which nobody learns the keys that are in the files.

    Raises:
        ConfigError: A file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    place = os.getcwd() if options.line else ""
    line = sorted((key, str(value)) for key, value in options.line.items() if value is not None)
    said = [PROTOCOL, place, line, list(options.split), [*map(os.path.realpath, options.files)]]
    digest.update(json.dumps(said).encode())
    for path in options.files:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", file=path) from None
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def sockets() -> list[str]:
    """The paths of the sockets that are there, of agents that run or did.

    Raises:
        AuthenticationError: The folder is not this user's alone.
    """
    if not os.path.lexists(_place()):
        return []
    place = folder()
    return sorted(os.path.join(place, name) for name in os.listdir(place) if name.endswith(_SUFFIX))


def socket_path(own: str) -> str:
    """Where the socket for a tunnel is.

    Raises:
        AuthenticationError: The folder is not this user's alone.
    """
    return os.path.join(folder(), own + _SUFFIX)


def own_path() -> str:
    """Where the socket is by which a tunnel of this process is seen.

    Raises:
        AuthenticationError: The folder is not this user's alone.
    """
    return socket_path(f"{_OWN}{os.getpid()}")


def listening(path: str, backlog: int) -> socket.socket:
    """A socket there, in place of what is there: whoever finds it finds that somebody listens."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    new = f"{path[: -len(_SUFFIX)]}.new"
    try:
        if os.path.lexists(new):
            os.unlink(new)
        made.bind(new)
        os.chmod(new, 0o600)
        made.listen(backlog)
        os.rename(new, path)
    except BaseException:
        made.close()
        raise
    return made


def is_own(path: str) -> bool:
    """Whether this is the socket of a command with a tunnel of its own, and of no agent."""
    return os.path.basename(path).startswith(_OWN)


def forget(path: str) -> None:
    """Nobody listens there: it goes, if it is a command's own, which was killed.

    Those of agents are for `locked` to replace: another agent may be about to.
    """
    if is_own(path):
        with suppress(OSError):
            os.unlink(path)


def log_path(own: str) -> str:
    """Where the agent of a tunnel writes what it has to say."""
    return os.path.join(folder(), f"{own}.log")


@contextmanager
def locked(path: str) -> Generator[None]:
    """Begin or end an agent with this socket while nobody else does; all agents have one lock."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(os.path.join(os.path.dirname(path), "lock"), flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
