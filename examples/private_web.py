"""A web server that only a private network knows, asked by httpx through a tunnel: without root.

The private network is this machine's loopback, behind ``usernet gateway``; in earnest it would be
behind somebody else's WireGuard, and the file would be the one that they gave you.
"""

from __future__ import annotations

import asyncio
import http.server
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

import usernet
from usernet.engine.keys import public_key

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(sys.executable).with_name("usernet")


class Page(http.server.BaseHTTPRequestHandler):
    """Answers every request alike."""

    def do_GET(self) -> None:
        """Answer."""
        body = b"a page of the private network\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(type=socket.SOCK_DGRAM) as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def files(folder: Path) -> tuple[Path, Path]:
    """The files of a gateway and of its one peer, as `wg-quick` has them."""
    server, client, port = usernet.generate_key(), usernet.generate_key(), free_port()
    texts = {
        "server.conf": f"[Interface]\nPrivateKey = {server.reveal()}\nAddress = 10.8.0.1/24\n"
        f"ListenPort = {port}\n"
        f"[Peer]\nPublicKey = {public_key(client)}\nAllowedIPs = 10.8.0.2/32\n",
        "wg0.conf": f"[Interface]\nPrivateKey = {client.reveal()}\nAddress = 10.8.0.2/32\n"
        f"[Peer]\nPublicKey = {public_key(server)}\nEndpoint = 127.0.0.1:{port}\n"
        "AllowedIPs = 10.8.0.0/24\n",
    }
    for name, text in texts.items():
        path = folder / name
        path.touch(0o600)
        path.write_text(text)
    return folder / "server.conf", folder / "wg0.conf"


@contextmanager
def serving() -> Iterator[int]:
    """A web server on the loopback; its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def gateway(file: Path) -> Iterator[None]:
    """The other end of the tunnel, in a process of its own."""
    words = (str(PROGRAM), "gateway", "--wireguard", str(file), "--loopback", "--json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        started.stdout.readline()  # ready
        try:
            yield
        finally:
            started.terminate()


async def ask(file: Path, port: int) -> None:
    """Ask twice: through the tunnel as it is, and on a bad line."""
    for line in (None, usernet.profile("3g")):
        async with usernet.Tunnel.from_file(file, line=line) as tunnel:
            async with httpx.AsyncClient(transport=tunnel.httpx_transport(), timeout=30) as client:
                answer = await client.get(f"http://10.8.0.1:{port}/")
            seconds = answer.elapsed.total_seconds()
            how = "as it is" if line is None else "on a 3g line"
            print(f"{answer.text.strip()}, in {seconds * 1000:.0f} ms {how}")


def main() -> None:
    """Make a private network, and enter it."""
    with tempfile.TemporaryDirectory() as folder, serving() as port:
        server, client = files(Path(folder))
        with gateway(server):
            asyncio.run(ask(client, port))


if __name__ == "__main__":
    main()
