"""Where running lines are found: a socket file each, in a folder that only its user can open."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import ConfigError, PrivilegeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Place", "find", "folder", "listen"]

_BACKLOG = 16
_SUFFIX = ".control"


@dataclass(frozen=True, slots=True)
class Place:
    """A line that runs.

    Attributes:
        path: Its socket file.
        name: What it is called: the verb and the process, ``run-4711``.
    """

    path: Path
    name: str


def folder() -> Path:
    """The folder of this user: made if it is not there.

    Raises:
        PrivilegeError: It is not ours, others can open it, or it cannot be made.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    path = Path(base, "usernet") if base else Path("/tmp", f"usernet-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise PrivilegeError(f"{path} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PrivilegeError(f"{path} is to be a folder of yours alone: remove it, or chmod 700 it")
    return path


def listen(verb: str) -> tuple[socket.socket, Path]:
    """A socket that those who want to change this process's line connect to, and its file.

    Raises:
        PrivilegeError: There is no place for it.
    """
    path = folder() / f"{verb}-{os.getpid()}{_SUFFIX}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            path.unlink()  # of an earlier process of this number
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PrivilegeError(f"{path} cannot be made: {error.strerror}") from None
    return listener, path


def find(name: str | None = None) -> Place:
    """The line that runs.

    Args:
        name: Its name, its process, or its socket file; None where only one runs.

    Raises:
        ConfigError: None runs, or there are several, or none of that name.
    """
    if name is not None and "/" in name:
        return Place(Path(name), Path(name).name.removesuffix(_SUFFIX))
    running = list(_running())
    chosen = [one for one in running if name in {None, one.name, one.name.rpartition("-")[2]}]
    if len(chosen) == 1:
        return chosen[0]
    if not running:
        allowed = "start one: usernet emulate, or usernet run (as the same user)"
        raise ConfigError("no line runs", allowed=allowed)
    problem = "several lines run" if not name else f"no line of the name {name} runs"
    raise ConfigError(problem, allowed=f"--to {' or '.join(sorted(one.name for one in running))}")


def _running() -> Iterator[Place]:
    """Those whose process listens; what a killed one left is removed."""
    for path in folder().glob(f"*{_SUFFIX}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue
            else:
                yield Place(path, path.name.removesuffix(_SUFFIX))
