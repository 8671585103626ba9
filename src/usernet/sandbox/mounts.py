"""Mounts of a mount namespace of its own: files seen as others, and folders seen as empty.

Nothing is written on the machine: what files hold instead stands on a tmpfs that nobody can see.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.sandbox.system_calls import (
    BIND,
    DETACH,
    NO_DEVICES,
    NO_SETUID,
    RECURSIVE,
    SLAVE,
    mount,
    unmount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["hide", "keep_to_oneself", "replace"]

_STAGES = (Path("/tmp"), Path("/mnt"), Path("/media"), Path("/run"), Path("/srv"))
"""Folders of which one is covered for a moment; nothing is written into it."""
_FLAGS = NO_SETUID | NO_DEVICES
_OPTIONS = "size=1m,mode=755"


def keep_to_oneself() -> None:
    """Let no mount of this mount namespace be seen in any other.

    Raises:
        OSError: The system forbids it.
    """
    mount("none", "/", flags=RECURSIVE | SLAVE)


def hide(folders: Iterable[str]) -> None:
    """Show those of these folders that exist as empty, where the system lets it.

    Raises:
        OSError: The system forbids it.
    """
    for folder in folders:
        if Path(folder).is_dir():
            mount("tmpfs", folder, "tmpfs", _FLAGS, _OPTIONS)


def replace(files: Mapping[str, str], hidden: Iterable[str] = ()) -> None:
    """Show files that exist with another content.

    A link is followed. Where it leads into a folder that is hidden, the file is made there anew.

    Args:
        files: What each is to hold.
        hidden: What was given to `hide`.

    Raises:
        OSError: The system forbids it.
    """
    places = {Path(file).resolve(): text for file, text in files.items()}
    folders = [Path(folder) for folder in hidden if os.path.ismount(folder)]
    for place, text in places.items():
        if place.parent in folders:
            place.write_text(text)
    stage = next(folder for folder in _STAGES if folder.is_dir() and not _holds(folder, places))
    mount("tmpfs", str(stage), "tmpfs", _FLAGS, _OPTIONS)
    try:
        _bind(stage, {place: text for place, text in places.items() if place.is_file()})
    finally:
        unmount(str(stage), DETACH)


def _holds(folder: Path, places: Iterable[Path]) -> bool:
    return any(folder in place.parents for place in places)


def _bind(stage: Path, places: Mapping[Path, str]) -> None:
    for number, (place, text) in enumerate(places.items()):
        source = stage / str(number)
        source.write_text(text)
        source.chmod(0o644)
        mount(str(source), str(place), flags=BIND)
