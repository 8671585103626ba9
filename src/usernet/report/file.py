"""The file of a report: written whole, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from usernet.errors import CaptureError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write"]


def write(path: Path, html: str) -> None:
    """Write a report; what stood there before stays until all of it is on the disk.

    Raises:
        CaptureError: It cannot be written; it names the file.
    """
    try:
        _write(path.resolve(), html.encode(errors="replace"))
    except OSError as error:
        problem = f"the report cannot be written: {error.strerror or error}"
        raise CaptureError(problem, file=str(path)) from error


def _write(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe: renaming would replace it
        path.write_bytes(content)
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
