"""wg-quick(8)'s and wg(8)'s files: one or several of them to a `TunnelConfig`.

Everything that ``wg-quick up`` and ``wg setconf`` read is read, line for line, but for what would
change the machine, which is refused (`usernet.wireguard.interface`). Where wg(8) would let the last
of two peers with one key or one network win in silence, it is an error here.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from usernet.config.wireguard import TunnelConfig
from usernet.errors import ConfigError
from usernet.wireguard.interface import Interface
from usernet.wireguard.peers import peers
from usernet.wireguard.syntax import LARGEST_FILE, Section, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["load", "loads"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRETS = {"PrivateKey", "PresharedKey"}


def load(*paths: str | Path, warn: Callable[[str], None] | None = None) -> TunnelConfig:
    """Read a tunnel from a file, or from several that belong together.

    Of several, each may say a part: peers in one, the private key in another. Lists grow, and of
    keys that are given twice the last counts, but for the private key, of which there is one.

    Args:
        paths: The files; a pipe will do, such as ``/dev/stdin``.
        warn: Told what is no error and ought to be known: a file with keys that others can read.

    Raises:
        ConfigError: A file cannot be read, or is none; it names the file and the line.
    """
    if not paths:
        raise ConfigError("no file", allowed="a file of wg-quick, such as wg0.conf")
    found: list[Section] = []
    for path in paths:
        text, mode = _text(os.fspath(path))
        new = sections(text, str(path))
        if warn and mode & _OTHERS and _has_secrets(new):
            warn(f"{path}: others can read its keys: chmod 600 {path}")
        found += new
    return _config(found, " and ".join(map(str, paths)))


def loads(text: str, *, file: str = "<tunnel>") -> TunnelConfig:
    """Read the text of a file.

    Args:
        text: The text.
        file: Its name, for errors.

    Raises:
        ConfigError: It is none.
    """
    return _config(sections(text, file), file)


def _config(found: Sequence[Section], file: str) -> TunnelConfig:
    interface = Interface()
    for section in found:
        if section.name == "Interface":
            interface.read(section)
    interface.check()
    if interface.private_key is None:
        allowed = "[Interface] with PrivateKey, as usernet keys new makes one"
        raise ConfigError("no private key", file=file, allowed=allowed)
    if not interface.addresses:
        allowed = (
            "[Interface] with Address, which files of wg setconf lack: add it, or another file"
        )
        raise ConfigError("no address in the tunnel", file=file, allowed=allowed)
    return TunnelConfig(
        interface.private_key,
        tuple(interface.addresses),
        peers(section for section in found if section.name == "Peer"),
        tuple(interface.dns),
        tuple(interface.search),
        interface.mtu,
        interface.listen_port,
    )


def _has_secrets(found: Sequence[Section]) -> bool:
    return any(entry.key in _SECRETS for section in found for entry in section.entries)


def _text(path: str) -> tuple[str, int]:
    """What is in a file, and its mode; 0 where it is a pipe."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        allowed = "a file of wg-quick, such as wg0.conf"
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(problem, file=path, allowed=allowed) from None
    if len(content) > LARGEST_FILE:
        raise ConfigError("too large", file=path, allowed=f"{LARGEST_FILE >> 20} MiB")
    return _decoded(content, path), status.st_mode if stat.S_ISREG(status.st_mode) else 0


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError("not UTF-8", file=path, line=line, allowed="text") from None
