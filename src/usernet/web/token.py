"""The token that a server asks for which others than this machine can reach."""

from __future__ import annotations

import hmac
import secrets
import stat
from typing import TYPE_CHECKING, Self

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Token"]

_SHORTEST = 16
_LONGEST = 4096


class Token:
    """A secret that a request names; it is in no text that Python makes of it.

    Args:
        secret: The secret.

    Attributes:
        is_exposed: Whether others can read the file that it came from.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.is_exposed: bool = False

    @classmethod
    def new(cls) -> Self:
        """A new one: 192 random bits of the system."""
        return cls(secrets.token_urlsafe(24))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The one that a file holds.

        Raises:
            ConfigError: The file cannot be read, or holds none.
        """
        try:
            with path.open("rb") as file:
                mode = path.stat().st_mode
                secret = file.read(_LONGEST).strip()
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            raise ConfigError(problem, path="token-file", value=str(path)) from None
        if len(secret) < _SHORTEST or not secret.isascii() or b" " in secret:
            allowed = f"one word of {_SHORTEST} characters or more"
            raise ConfigError("holds no token", path="token-file", value=str(path), allowed=allowed)
        token = cls(secret.decode())
        token.is_exposed = bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
        return token

    def reveal(self) -> str:
        """The secret."""
        return self._secret.decode()

    def is_in(self, authorization: bytes) -> bool:
        """Whether an Authorization header has it; takes the same time whatever it has."""
        scheme, _, given = authorization.partition(b" ")
        right = hmac.compare_digest(given.strip(), self._secret)
        return right and scheme.lower() == b"bearer"

    def __repr__(self) -> str:
        return "<Token>"
