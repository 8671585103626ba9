"""Programs inside ``usernet run``, and the servers on this machine that they meet."""

from __future__ import annotations

import http.server
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from usernet.errors import PrivilegeError
from usernet.sandbox import PROGRAM, Command

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "host.usernet"
PATIENCE = 60.0


def command(*words: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line that runs these words inside."""
    return [PROGRAM, "run", "--quiet", *options, "--", *words]


def inside(*words: str, options: tuple[str, ...] = (), given: bytes = b"") -> bytes:
    """Run a program to its end, which is to be a good one; what it wrote."""
    ran = ended(*words, options=options, given=given)
    assert ran.returncode == 0, f"{ran.returncode}: {ran.stderr.decode(errors='replace')}"
    return ran.stdout


def ended(
    *words: str, options: tuple[str, ...] = (), given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end."""
    return subprocess.run(
        command(*words, options=options),
        input=given,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )


def script(text: str, *arguments: str) -> tuple[str, ...]:
    """A program in Python."""
    return sys.executable, "-I", "-c", text, *arguments


def started(*words: str, options: tuple[str, ...] = ()) -> Command:
    """Start a program inside."""
    return Command(command(*words, options=options))


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip without this program, and say which Debian package has it."""
    missing = shutil.which(program) is None
    return pytest.mark.skipif(missing, reason=f"needs {program}: apt-get install {package}")


def why_not() -> str | None:
    """Why nothing can be run here, or None if it can."""
    ran = ended("true")
    return ran.stderr.decode().strip() if ran.returncode == PrivilegeError.exit_code else None


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves the files of a folder, also from somewhere on (RFC 9110 §14)."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes=") or not asked.endswith("-"):
            super().do_GET()
            return
        start = int(asked[len("bytes=") : -1])
        with open(self.translate_path(self.path), "rb") as file:
            data = file.read()
        self.send_response(206)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[start:])


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away early is no concern of the test's."""


class _ServerOnIPv6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def serving(
    handler: Callable[..., socketserver.BaseRequestHandler],
    *,
    address: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """A server on this machine's loopback; its port."""
    kind = _ServerOnIPv6 if ":" in address else _Server
    with kind((address, 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        with running(server):
            yield server.server_address[1]


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    """A server that answers on a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def files(folder: Path) -> Callable[..., Files]:
    """A handler that serves this folder."""
    return partial(Files, directory=str(folder))


def pattern(size: int) -> bytes:
    """Bytes of which no piece is like another."""
    words = (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1 for number in range(size // 8 + 1))
    return b"".join(word.to_bytes(8, "big") for word in words)[:size]


def free_port() -> int:
    """A port that nobody on the machine has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
