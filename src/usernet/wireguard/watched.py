"""Watched: files of a tunnel that may change while it runs, such as a folder with a file a peer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from usernet.errors import ConfigError
from usernet.wireguard.file import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from usernet.config.wireguard import TunnelConfig

__all__ = ["WatchedFiles"]

_Seen = tuple[tuple[str, int, int, int], ...]
"""Of each file: its path, inode, length, and when it was changed, in nanoseconds."""


class WatchedFiles:
    """Files that make one tunnel together, read again when they change.

    Args:
        paths: Files, and folders, in which every file counts that does not begin with a dot.
        warn: Told of what is no error and ought to be known.

    Raises:
        ConfigError: A path is not there.
    """

    def __init__(self, paths: Sequence[Path], warn: Callable[[str], None] | None = None) -> None:
        for path in paths:
            if not path.exists():
                allowed = "a file of wg-quick, or a folder with files that have [Peer]"
                raise ConfigError("is not there", file=str(path), allowed=allowed)
        self._paths = tuple(paths)
        self._warn = warn
        self._seen: _Seen = ()

    def read(self) -> TunnelConfig:
        """What they say now, all together.

        Raises:
            ConfigError: A file is wrong, or two contradict each other.
        """
        self._seen = tuple(self._look())
        return load(*(path for path in self._files()), warn=self._warn)

    def have_changed(self) -> bool:
        """Whether they are others than when they were read."""
        return tuple(self._look()) != self._seen

    def _files(self) -> Iterator[Path]:
        for path in self._paths:
            if path.is_dir():
                yield from sorted(one for one in path.iterdir() if _counts(one))
            else:
                yield path

    def _look(self) -> Iterator[tuple[str, int, int, int]]:
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                yield str(path), status.st_ino, status.st_size, status.st_mtime_ns


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file()
