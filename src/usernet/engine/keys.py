"""Keys of a tunnel, made and derived, as ``wg genkey``, ``wg pubkey`` and ``wg genpsk`` do."""

from __future__ import annotations

import os

from usernet import _core
from usernet.config.keys import KEY_LENGTH, PresharedKey, PrivateKey, PublicKey

__all__ = ["generate", "generate_preshared", "public_key"]


def generate() -> PrivateKey:
    """A new private key, by the randomness of the system, with RFC 7748's fixed bits in place."""
    key = bytearray(os.urandom(KEY_LENGTH))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return PrivateKey(bytes(key))


def public_key(private: PrivateKey) -> PublicKey:
    """The key that others know the owner of a private key by (X25519 of 9, RFC 7748, 6.1)."""
    return PublicKey(_core.public_key(bytes(private)))


def generate_preshared() -> PresharedKey:
    """A new key for two peers to share, by the randomness of the system."""
    return PresharedKey(os.urandom(KEY_LENGTH))
