from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from .inside import files, pattern, serving, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_asked = functools.cache(why_not)


@pytest.fixture(autouse=True)
def _may_run() -> None:
    if (reason := _asked()) is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def page() -> bytes:
    """A file of 3 MB."""
    return pattern(3_000_000)


@pytest.fixture
def web(tmp_path: Path, page: bytes) -> Iterator[str]:
    """The address of a web server on this machine's loopback, as programs inside call it."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "page").write_bytes(page)
    with serving(files(folder)) as port:
        yield f"http://host.usernet:{port}"
