"""Credentials: who may use a proxy. They come from a file or the environment, never from argv."""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["VARIABLE", "Credentials", "credentials"]

VARIABLE = "USERNET_PROXY_AUTH"
"""The environment variable that may hold ``user:password``."""

_LARGEST_FILE = 2**20
_LONGEST = 255
"""Bytes of a user's name or of a password (RFC 1929, 2)."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Credentials:
    """Users and their passwords.

    Args:
        passwords: The password of each user.
    """

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = {user.encode(): word.encode() for user, word in passwords.items()}

    def __repr__(self) -> str:
        return f"<Credentials of {len(self._passwords)} users>"

    def admit(self, user: bytes, password: bytes) -> bool:
        """Whether this is a user with his password; how long it takes says nothing of either."""
        known = self._passwords.get(user, b"")
        is_right = hmac.compare_digest(known, password)
        return is_right and user in self._passwords


def credentials(
    file: str | Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    warn: Callable[[str], None] | None = None,
) -> Credentials | None:
    """Who may use a proxy: the users of a file, or of the environment; None for everybody.

    Args:
        file: A file with ``user:password`` a line; lines that begin with # are comments.
        environment: Where the variable is looked for.
        warn: Told where others can read the file.

    Raises:
        ConfigError: The file cannot be read, or a line is not of that form.
    """
    if file is not None:
        return _of_file(Path(file), warn)
    if word := environment.get(VARIABLE):
        return Credentials(dict([_pair(word, VARIABLE, None)]))
    return None


def _of_file(path: Path, warn: Callable[[str], None] | None) -> Credentials:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LARGEST_FILE).decode()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", file=str(path), allowed="user:password a line") from None
    if warn and stat.S_ISREG(mode) and mode & _OTHERS:
        warn(f"{path}: others can read its passwords: chmod 600 {path}")
    lines = enumerate(text.split("\n"), start=1)
    found = dict(
        _pair(line.rstrip("\r"), str(path), number)
        for number, line in lines
        if line.strip() and not line.startswith("#")
    )
    if not found:
        raise ConfigError("no users", file=str(path), allowed="user:password a line")
    return Credentials(found)


def _pair(text: str, place: str, line: int | None) -> tuple[str, str]:
    user, colon, password = text.partition(":")
    longest = max(len(user.encode()), len(password.encode()))
    if not (user and colon and password) or longest > _LONGEST:
        allowed = f"user:password, each of 1 to {_LONGEST} bytes"
        raise ConfigError("no user with a password", file=place, line=line, allowed=allowed)
    return user, password
