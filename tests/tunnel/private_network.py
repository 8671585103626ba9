"""A private network behind a real wireguard-go, in a network namespace: for tests of tunnels.

In it, at 10.7.0.1 and fd07::1: an echo server (TCP and UDP port 7), one that resets
who says something (port 8), a web server (port 80, IPv4), a
server that tells whom it hears (port 9), and dnsmasq, which knows ``db.internal``,
``big.internal`` (more addresses than a datagram holds) and ``www.internal`` (an alias).
10.8.0.0/16 is unreachable.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

from usernet.engine.keys import generate, public_key
from usernet.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from usernet.sandbox.command import Command

NEEDED = ("wireguard-go", "wg", "dnsmasq", "ip", "setpriv")
PORT = 51820
_NEW_NETWORK = 0x40000000

_SERVERS = """
import asyncio, http.server, socket, struct, sys, threading

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
    writer.close()

async def whom(reader, writer):
    host, port = writer.get_extra_info("peername")[:2]
    writer.write(f"{host} {port}\\n".encode())
    writer.close()

async def reset(reader, writer):
    data = await reader.read(1)
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, address):
        self.transport.sendto(data, address)

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = f"private {self.path} {self.headers['Host']}\\n".encode()
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
        await asyncio.start_server(reset, address, 8)
        await asyncio.start_server(whom, address, 9)
        await loop.create_datagram_endpoint(Echo, (address, 7))
    web = http.server.ThreadingHTTPServer((sys.argv[1], 80), Page)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

_NUMBERS = itertools.count()


class PrivateNetwork:
    """A private network, and the file by which to reach it.

    Attributes:
        namespace: Where all of it is; tunnels must be made while `entered`.
        file: The wg-quick file of a client.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self.namespace = self._stack.enter_context(Namespace())
        self.interface = f"un{os.getpid()}n{next(_NUMBERS)}"  # its socket is the machine's
        self._folder = folder
        self._server, self.client = generate(), generate()
        self.public_key = public_key(self._server)
        self.file = folder / "wg0.conf"
        self._peer: Command | None = None
        try:
            self.write()
            self.start_peer()
            self._start_servers()
        except BaseException:
            self._stack.close()
            raise

    @staticmethod
    def why_not() -> str | None:
        """Why there can be none here."""
        missing = [program for program in NEEDED if shutil.which(program) is None]
        return f"not installed: {', '.join(missing)}" if missing else None

    def text(
        self, *, endpoint: str = f"127.0.0.1:{PORT}", peer: str = "", more: str = "", dns: str = ""
    ) -> str:
        """The client's file, with another endpoint or key of the peer, and more lines for it."""
        return (
            "[Interface]\n"
            f"PrivateKey = {self.client.reveal()}\n"
            "Address = 10.7.0.2/32, fd07::2/128\n"
            f"DNS = {dns or '10.7.0.1, internal'}\n"
            "[Peer]\n"
            f"PublicKey = {peer or self.public_key}\n"
            f"Endpoint = {endpoint}\n"
            "AllowedIPs = 10.7.0.0/16, 10.8.0.0/16, fd07::/16\n"
            f"{more}"
        )

    def write(self, text: str | None = None, name: str = "wg0.conf") -> Path:
        """Write a file of a client, the plain one where there is no text."""
        path = self._folder / name
        path.touch(0o600)
        path.write_text(self.text() if text is None else text)
        return path

    def start_peer(self, port: int = PORT) -> None:
        """Start wireguard-go, and set it up."""
        verbose = ("env", "LOG_LEVEL=verbose", "wireguard-go", "-f", self.interface)
        self._peer = self._start(*verbose)
        self._peer.wait_for("UAPI listener started")
        settings = (
            f"[Interface]\nPrivateKey = {self._server.reveal()}\nListenPort = {port}\n"
            f"[Peer]\nPublicKey = {public_key(self.client)}\n"
            "AllowedIPs = 10.7.0.2/32, fd07::2/128\n"
        )
        self.namespace.run("wg", "setconf", self.interface, "/dev/stdin", given=settings)
        self.namespace.ip(
            f"address add 10.7.0.1/16 dev {self.interface}",
            f"address add fd07::1/16 dev {self.interface} nodad",
            f"link set {self.interface} mtu 1420 up",
            "route replace unreachable 10.8.0.0/16",
        )
        # Else Linux says but once a second that something is unreachable (icmp(7), icmp_ratelimit).
        unlimited = ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", *unlimited)

    def _start(self, *words: str) -> Command:
        """Start a program that ends with this process, however that ends (prctl(2), PDEATHSIG)."""
        return self.namespace.start("setpriv", "--pdeathsig", "TERM", *words)

    def stop_peer(self) -> None:
        """Stop wireguard-go, and with it the interface."""
        if self._peer is not None:
            self._peer.stop()
            self._peer = None

    def _start_servers(self) -> None:
        script = self._folder / "servers.py"
        script.write_text(_SERVERS)
        servers = self._start(sys.executable, str(script), "10.7.0.1", "fd07::1")
        self._stack.callback(servers.stop)
        servers.wait_for("ready")
        hosts = self._folder / "hosts"
        hosts.write_text("".join(f"10.7.1.{n} big.internal\n" for n in range(1, 61)))
        names = self._start(
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--pid-file=",
            "--user=root",
            "--no-resolv",
            "--no-hosts",
            f"--addn-hosts={hosts}",
            "--listen-address=10.7.0.1",
            "--bind-interfaces",
            "--local-ttl=60",
            "--host-record=db.internal,10.7.0.1,fd07::1",
            "--cname=www.internal,db.internal",
            "--local=/internal/",
            "--log-facility=-",
        )
        self._stack.callback(names.stop)
        names.wait_for("started")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread, and those that it starts, open their sockets in the network's place."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.namespace.pid}/ns/net", os.O_RDONLY)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)
        finally:
            os.close(home)
            os.close(there)

    def close(self) -> None:
        """Stop all of it."""
        self.stop_peer()
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


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
