"""A machine with a gateway of tunnels, and a client behind wireguard-go: namespaces for tests.

::

    client ── eth0 ═══ eth0 ── machine ── 10.99.0.1, fd99::1 (its own), its loopback
    192.0.2.2          192.0.2.1
    fd02::2            fd02::1

At 10.99.0.1 and fd99::1 are an echo server (TCP and UDP port 7) and one that tells whom it hears
(port 9); at 127.0.0.1 a web server (port 8000).
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from usernet.engine.keys import generate, public_key
from usernet.sandbox import PROGRAM
from usernet.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from usernet.config.keys import PresharedKey, PrivateKey
    from usernet.sandbox.command import Command

NEEDED = ("wireguard-go", "wg", "ip", "curl", "ping")
PORT = 51820
MACHINE, CLIENT = ("192.0.2.1", "fd02::1"), ("192.0.2.2", "fd02::2")
REACHED = ("10.99.0.1", "fd99::1")
"""What peers reach of the machine."""
OWN = ("10.8.0.1", "fd08::1")
"""The gateway's own addresses in the tunnel."""

_SERVERS = """
import asyncio, http.server, sys, threading

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
    writer.close()

async def whom(reader, writer):
    writer.write(f"{writer.get_extra_info('peername')[0]}".encode())
    writer.close()

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, address):
        self.transport.sendto(data, address)

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"of the loopback"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

async def main():
    loop = asyncio.get_running_loop()
    for address in sys.argv[1:]:
        await asyncio.start_server(echo, address, 7)
        await asyncio.start_server(whom, address, 9)
        await loop.create_datagram_endpoint(Echo, (address, 7))
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Page)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class FarNetwork:
    """The machine and the client, and the files of both.

    Attributes:
        machine: Where the gateway is to run.
        client: Where wireguard-go runs.
        server_file: The gateway's file.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self.machine = self._stack.enter_context(Namespace())
        self.client = self._stack.enter_context(Namespace())
        self.interface = f"un{os.getpid()}"
        self.folder = folder
        self.server, self.key = generate(), generate()
        self.server_file = folder / "server.conf"
        try:
            self._join()
            self._start_servers()
            self.write()
        except BaseException:
            self._stack.close()
            raise

    @staticmethod
    def why_not() -> str | None:
        """Why there can be none here."""
        missing = [program for program in NEEDED if shutil.which(program) is None]
        return f"not installed: {', '.join(missing)}" if missing else None

    def write(self, more: str = "", psk: PresharedKey | None = None) -> None:
        """Write the gateway's file, with more lines of [Interface], and the client as a peer."""
        self.server_file.touch(0o600)
        self.server_file.write_text(
            f"[Interface]\nPrivateKey = {self.server.reveal()}\nListenPort = {PORT}\n"
            f"Address = {OWN[0]}/24, {OWN[1]}/64\n{more}" + peer(self.key, 2, psk)
        )

    def gateway(self, *options: str) -> Command:
        """Start the gateway; returns when peers can come."""
        words = (PROGRAM, "gateway", "--wireguard", str(self.server_file), *options)
        started = self._stack.enter_context(self.machine.start(*words))
        started.wait_for('"ready"' if "--json" in options else "gateway at UDP port")
        return started

    def connect(
        self, *, endpoint: str = MACHINE[0], mtu: int = 1420, psk: PresharedKey | None = None
    ) -> Command:
        """Start wireguard-go at the client, and lead everything of the tunnel into it."""
        verbose = ("env", "LOG_LEVEL=verbose", "wireguard-go", "-f", self.interface)
        started = self._stack.enter_context(self.client.start(*verbose))
        started.wait_for("UAPI listener started")
        secret = f"PresharedKey = {psk.reveal()}\n" if psk else ""
        host = f"[{endpoint}]" if ":" in endpoint else endpoint
        settings = (
            f"[Interface]\nPrivateKey = {self.key.reveal()}\n"
            f"[Peer]\nPublicKey = {public_key(self.server)}\nEndpoint = {host}:{PORT}\n"
            f"AllowedIPs = 10.0.0.0/8, fd08::/16, fd99::/16\n{secret}"
        )
        self.client.run("wg", "setconf", self.interface, "/dev/stdin", given=settings)
        self.client.ip(
            f"address add 10.8.0.2/32 dev {self.interface}",
            f"address add fd08::2/128 dev {self.interface} nodad",
            f"link set {self.interface} mtu {mtu} up",
            f"route add 10.0.0.0/8 dev {self.interface}",
            f"route add fd08::/16 dev {self.interface}",
            f"route add fd99::/16 dev {self.interface}",
        )
        return started

    def _join(self) -> None:
        self.machine.ip(
            f"link add name eth0 type veth peer name eth0 netns {self.client.pid}",
            "link set dev eth0 mtu 9100",
        )
        self.client.ip("link set dev eth0 mtu 9100")
        for one, own in ((self.machine, MACHINE), (self.client, CLIENT)):
            one.ip(
                f"address add {own[0]}/24 dev eth0",
                f"address add {own[1]}/64 dev eth0 nodad",
                "link set dev eth0 up",
            )
        self.machine.ip(
            f"address add {REACHED[0]}/32 dev lo",
            f"address add {REACHED[1]}/128 dev lo nodad",
        )

    def _start_servers(self) -> None:
        words = (sys.executable, "-c", _SERVERS, *REACHED)
        servers = self._stack.enter_context(self.machine.start(*words))
        servers.wait_for("ready")

    def close(self) -> None:
        """Stop all of it."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def peer(key: PrivateKey, number: int, psk: PresharedKey | None = None) -> str:
    """A section about a client with the addresses of this number."""
    secret = f"PresharedKey = {psk.reveal()}\n" if psk else ""
    return (
        f"[Peer]\nPublicKey = {public_key(key)}\n{secret}"
        f"AllowedIPs = 10.8.0.{number}/32, fd08::{number}/128\n"
    )
