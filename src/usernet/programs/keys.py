"""``usernet keys``: as ``wg genkey``, ``wg pubkey`` and ``wg genpsk``."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from usernet.config.keys import PrivateKey
from usernet.engine.keys import generate, generate_preshared, public_key
from usernet.errors import ConfigError

__all__ = ["keys"]

_LONGEST_INPUT = 4096
"""More characters than this are no key with blanks around it."""


def keys(
    what: Literal["new", "public", "psk"],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Make the keys of a WireGuard tunnel.

    For example: `(umask 077; usernet keys new > private)`, then `usernet keys public < private`.

    Args:
        what: new: a private key. public: of the private key on standard input, the key that others
            know it by. psk: a key for two peers to share.
        as_json: Print JSON: private_key, public_key or preshared_key.
    """
    if what != "public":
        _warn()
    if what == "new":
        _say("private_key", generate().reveal(), as_json=as_json)
    elif what == "psk":
        _say("preshared_key", generate_preshared().reveal(), as_json=as_json)
    else:
        _say("public_key", str(public_key(_private_key())), as_json=as_json)


def _warn() -> None:
    """Tell a person whose secret goes to a file that others can read."""
    with contextlib.suppress(OSError):
        mode = os.fstat(sys.stdout.fileno()).st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
            sys.stderr.write(
                "usernet: warning: others can read this file: umask 077, or chmod 600\n"
            )


def _private_key() -> PrivateKey:
    """The key on standard input.

    Raises:
        ConfigError: There is none.
    """
    if sys.stdin.isatty():
        sys.stderr.write("usernet: type the private key, and press Enter:\n")
        return PrivateKey.parse(sys.stdin.readline().strip(), "standard input")
    text = sys.stdin.read(_LONGEST_INPUT).strip()
    if not text:
        allowed = "a private key, as usernet keys new prints one"
        raise ConfigError("nothing there", path="standard input", allowed=allowed)
    return PrivateKey.parse(text, "standard input")


def _say(name: str, key: str, *, as_json: bool) -> None:
    print(json.dumps({name: key}) if as_json else key)
    sys.stdout.flush()
