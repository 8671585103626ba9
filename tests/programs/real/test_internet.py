"""Names and addresses of an internet: a namespace that has its DNS server, one web server, no IPv6.

The machine's own settings say which DNS server is asked; in the namespace that address is ours.
"""

from __future__ import annotations

import http.server
import socket
import socketserver
import subprocess
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox import Namespace

from .dns import ByDatagram, ByStream
from .inside import PATIENCE, command, needs, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.root

WEB = "203.0.113.10"
CURL = ("curl", "--silent", "--show-error", "--fail", "--max-time", "20")
NO_NAME, NO_CONNECTION = 6, 7
"""curl's exit codes."""


class Greeting(http.server.BaseHTTPRequestHandler):
    """Says who was asked for."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"this is {self.headers['Host']}".encode())


def name_server() -> str:
    """The machine's first DNS server."""
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        if line.startswith("nameserver "):
            return line.split()[1].partition("%")[0]
    return "127.0.0.1"


def served(
    internet: Namespace, kind: type[socketserver.BaseServer], at: tuple[str, int], handler: object
) -> socketserver.BaseServer:
    """A server in the namespace."""
    make: Callable[..., socketserver.TCPServer] = kind  # type: ignore[assignment]
    server = make(at, handler, bind_and_activate=False)
    family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    server.socket.close()
    server.socket = internet.socket(family, server.socket_type)  # type: ignore[arg-type]
    server.server_bind()
    server.server_activate()
    return server


@pytest.fixture(scope="module")
def internet() -> Iterator[Namespace]:
    """The namespace with its servers."""
    resolver = name_server()
    with Namespace() as namespace, ExitStack() as stack:
        for address in (WEB, resolver):
            if not ip_address(address).is_loopback:
                namespace.ip(f"address add {address} dev lo")
        for kind, at, handler in (
            (socketserver.TCPServer, (WEB, 80), Greeting),
            (socketserver.UDPServer, (resolver, 53), ByDatagram),
            (socketserver.TCPServer, (resolver, 53), ByStream),
        ):
            server = stack.enter_context(served(namespace, kind, at, handler))
            stack.enter_context(running(server))
        yield namespace


def ended(
    internet: Namespace, *words: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program inside, of a machine on that internet."""
    return subprocess.run(
        internet.command(*command(*words, options=options)),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_a_name_leads_to_its_server(internet: Namespace, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    options = ("--rtt", "40ms", "--report", str(report))
    ran = ended(internet, *CURL, "http://example.org/", options=options)
    assert (ran.returncode, ran.stdout) == (0, "this is example.org")
    assert "example.org" in report.read_text()


@needs("dig", "bind9-dnsutils")
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_the_machine_s_resolver_answers(internet: Namespace, transport: str) -> None:
    ran = ended(internet, "dig", "+short", transport, "both.example.org", "AAAA")
    assert ran.stdout == "2001:db8::10\n", ran.stderr


def test_without_ipv6_on_the_machine_programs_take_ipv4_at_once(internet: Namespace) -> None:
    told = ("--write-out", " %{time_namelookup} %{time_connect}")
    ran = ended(internet, *CURL, *told, "http://both.example.org/")
    *page, looked_up, connected = ran.stdout.split(" ")
    assert page == ["this", "is", "both.example.org"], ran.stderr
    # curl gives IPv6 200 ms before it tries IPv4 beside it.
    assert float(connected) - float(looked_up) < 0.15


@pytest.mark.parametrize("words", [("-6", "http://both.example.org/"), ("http://198.51.100.1/",)])
def test_what_cannot_be_reached_says_so_at_once(
    internet: Namespace, words: tuple[str, ...]
) -> None:
    ran = ended(internet, *CURL, "--write-out", "%{time_total}", *words)
    assert ran.returncode == NO_CONNECTION
    assert float(ran.stdout) < 2


def test_a_port_without_a_server_refuses(internet: Namespace) -> None:
    ran = ended(internet, *CURL, "http://example.org:81/", options=("--rtt", "20ms"))
    assert ran.returncode == NO_CONNECTION
    assert "refused" in ran.stderr or "connect to server" in ran.stderr


def test_a_name_that_is_none(internet: Namespace) -> None:
    assert ended(internet, *CURL, "http://no-such.example.org/").returncode == NO_NAME
