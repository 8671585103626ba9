"""Long transfers arrive with their checksum, also over a line that loses and reorders.

``make soak`` carries a GiB over a bad line, too.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .inside import HOST, command, pattern, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOAK = bool(os.environ.get("USERNET_SOAK"))
GIB = 1024
"""In MiB."""
BAD = ("--delay", "200us", "--loss", "5%", "--reorder", "10%")
BLOCK = pattern(1 << 20)
LIMIT = 1200 if SOAK else 110
"""Seconds."""


def blocks(count: int) -> Iterator[bytes]:
    """So many pieces of 1 MiB, no two alike."""
    for number in range(count):
        at = number * 1021 % len(BLOCK)
        yield BLOCK[at:] + BLOCK[:at]


class Long(http.server.BaseHTTPRequestHandler):
    """Sends as many MiB as the path says, and says the digest of what it is sent."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        count = int(self.path[1:])
        self.send_response(200)
        self.send_header("Content-Length", str(count << 20))
        self.end_headers()
        for block in blocks(count):
            self.wfile.write(block)

    def do_PUT(self) -> None:
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left:
            data = self.rfile.read(min(left, 1 << 18))
            digest.update(data)
            left -= len(data)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(digest.hexdigest().encode())


def shell(text: str, options: tuple[str, ...]) -> str:
    """Run a line of shell inside; the first word of what it says."""
    words = command("sh", "-c", text, options=options)
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LIMIT)
    return ran.stdout.split()[0]


def digest(count: int) -> str:
    """The SHA-256 of so many MiB."""
    found = hashlib.sha256()
    for block in blocks(count):
        found.update(block)
    return found.hexdigest()


LINES = pytest.mark.parametrize(("options", "count"), [((), GIB), (BAD, GIB if SOAK else 32)])


@pytest.mark.timeout(LIMIT + 60)
@LINES
def test_a_download_arrives_with_its_checksum(options: tuple[str, ...], count: int) -> None:
    with serving(Long) as port:
        got = shell(f"curl -sSf http://{HOST}:{port}/{count} | sha256sum", options)
    assert got == digest(count)


@pytest.mark.timeout(LIMIT + 60)
@LINES
def test_an_upload_arrives_with_its_checksum(
    options: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    with sent.open("wb") as file:
        file.writelines(blocks(count))
    with serving(Long) as port:
        got = shell(f"curl -sSf --upload-file {sent} http://{HOST}:{port}/", options)
    sent.unlink()  # pytest keeps what stands in three runs
    assert got == digest(count)
