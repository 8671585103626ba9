"""Keys of a tunnel: 32 bytes, as base64 in files and on terminals, as wg(8) has them.

What is secret shows itself to nobody who does not ask with `reveal` or `hex`: not in an error, not
in a ``repr``, not when it is formatted.
"""

from __future__ import annotations

import binascii
import re
from typing import ClassVar, Self

from usernet.errors import ConfigError

__all__ = ["KEY_LENGTH", "PresharedKey", "PrivateKey", "PublicKey"]

KEY_LENGTH = 32
"""Bytes of every key (RFC 7748, and WireGuard paper, 5.2)."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)


class _Key:
    """32 bytes that are never changed."""

    __slots__ = ("_bytes",)
    made_by: ClassVar[str] = "wg genkey"

    def __init__(self, key: bytes) -> None:
        """Keep the bytes of a key.

        Raises:
            ConfigError: There are not 32 of them.
        """
        if len(key) != KEY_LENGTH:
            raise ConfigError("no key", allowed=f"{KEY_LENGTH} bytes")
        self._bytes = bytes(key)

    @classmethod
    def parse(cls, text: str, path: str = "") -> Self:
        """Read a key as wg(8) prints it: 44 characters of base64.

        Args:
            text: The key. An error does not show it, whichever kind of key it should have been.
            path: The key path, to name in an error.

        Raises:
            ConfigError: It is no key.
        """
        key = binascii.a2b_base64(text) if _BASE64.fullmatch(text) else b""
        if not key or _base64(key) != text:  # the last character has two bits that must be zero
            allowed = f"{KEY_LENGTH} bytes as base64, 44 characters, as {cls.made_by} prints them"
            raise ConfigError("no key", path=path, allowed=allowed)
        return cls(key)

    def hex(self) -> str:
        """The bytes as 64 hexadecimal digits."""
        return self._bytes.hex()

    def __bytes__(self) -> bytes:
        return self._bytes

    def __hash__(self) -> int:
        return hash((type(self), self._bytes))


class _Secret(_Key):
    """A key that is not shown, and compared in a time that says nothing of it."""

    __slots__ = ()

    def reveal(self) -> str:
        """The key as base64, for whoever is to have it."""
        return _base64(self._bytes)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        import hmac  # noqa: PLC0415 - start-up time

        return hmac.compare_digest(self._bytes, bytes(other))

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"


class PrivateKey(_Secret):
    """A key that only its owner has; `usernet.engine.keys` makes one, and says its public key."""

    __slots__ = ()


class PresharedKey(_Secret):
    """A key that two peers share beside their own, against who may break Curve25519 one day."""

    __slots__ = ()
    made_by: ClassVar[str] = "wg genpsk"


class PublicKey(_Key):
    """The key that others know a peer by; its text is base64."""

    __slots__ = ()
    made_by: ClassVar[str] = "wg pubkey"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._bytes == bytes(other)

    def __hash__(self) -> int:
        return super().__hash__()

    def __str__(self) -> str:
        return _base64(self._bytes)

    def __repr__(self) -> str:
        return f"PublicKey({str(self)!r})"


def _base64(key: bytes) -> str:
    return binascii.b2a_base64(key, newline=False).decode()
