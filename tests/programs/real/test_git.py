"""git: a clone over HTTP and SSH, and a push."""

from __future__ import annotations

import http.server
import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from .inside import HOST, inside, pattern, serving
from .sshd import needs_sshd, sshd

if TYPE_CHECKING:
    from pathlib import Path

AUTHOR = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, outside."""
    ran = subprocess.run(
        ["git", "-C", str(folder), *AUTHOR, *words], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


class SmartHttp(http.server.BaseHTTPRequestHandler):
    """git's own program behind a web server, by the common gateway interface (RFC 3875)."""

    root: Path

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        own = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        ran = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=os.environ | own,
            capture_output=True,
            check=True,
        )
        self.wfile.write(b"HTTP/1.0 200 OK\r\n" + ran.stdout)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A repository with a commit, for a server to give."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main")
    (work / "file").write_bytes(pattern(2_000_000))
    git(work, "add", "file")
    git(work, "commit", "--quiet", "--message=one")
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    return tmp_path / "bare.git"


def test_clone_over_http(bare: Path, tmp_path: Path) -> None:
    with serving(type("Here", (SmartHttp,), {"root": tmp_path})) as port:
        address = f"http://{HOST}:{port}/bare.git"
        inside("git", "clone", "--quiet", address, str(tmp_path / "copy"))
    assert git(tmp_path / "copy", "rev-parse", "HEAD") == git(bare, "rev-parse", "main")
    assert (tmp_path / "copy/file").read_bytes() == (tmp_path / "work/file").read_bytes()


@needs_sshd
def test_clone_and_push_over_ssh(bare: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    copy = tmp_path / "copy"
    with sshd(keys) as login:
        ssh = ("env", f"GIT_SSH_COMMAND={shlex.join(login.words)}", "git")
        inside(*ssh, "clone", "--quiet", f"{login.address}:{bare}", str(copy))
        (copy / "another").write_text("more")
        git(copy, "add", "another")
        git(copy, "commit", "--quiet", "--message=two")
        inside(*ssh, "-C", str(copy), "push", "--quiet", options=("--rtt", "20ms"))
    assert git(bare, "rev-parse", "main") == git(copy, "rev-parse", "HEAD")
