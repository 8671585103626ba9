"""curl: over HTTP and HTTPS, IPv4 and IPv6, up, down and from the middle on."""

from __future__ import annotations

import http.server
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from .inside import HOST, ended, files, free_port, inside, pattern, serving

if TYPE_CHECKING:
    from pathlib import Path

CURL = ("curl", "--silent", "--show-error", "--fail", "--max-time", "30")
REFUSED = 7
"""curl's exit code where it cannot connect."""


class Count(http.server.BaseHTTPRequestHandler):
    """Answers how many bytes it was sent."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_PUT(self) -> None:
        left = size = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(size).encode())


def test_a_page_arrives(web: str, page: bytes) -> None:
    assert inside(*CURL, f"{web}/page") == page


@pytest.mark.parametrize("options", [("--profile", "lte"), ("--rtt", "50ms", "--loss", "2%")])
def test_a_page_arrives_over_a_bad_line(web: str, page: bytes, options: tuple[str, ...]) -> None:
    assert inside(*CURL, f"{web}/page", options=options) == page


@pytest.mark.parametrize("host", ["[fd75:7365:726e:6574::3]", HOST])
def test_a_page_arrives_from_a_server_on_ipv6(tmp_path: Path, host: str) -> None:
    (tmp_path / "page").write_bytes(b"by IPv6")
    with serving(files(tmp_path), address="::1") as port:
        assert inside(*CURL, f"http://{host}:{port}/page") == b"by IPv6"


def test_a_download_goes_on_where_it_ended(web: str, page: bytes, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(page[:1_234_567])
    inside(*CURL, "--continue-at", "-", "--output", str(part), f"{web}/page")
    assert part.read_bytes() == page


def test_an_upload_arrives(tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(pattern(5_000_000))
    with serving(Count) as port:
        said = inside(*CURL, "--upload-file", str(sent), f"http://{HOST}:{port}/")
    assert said == b"5000000"


def test_https_with_a_certificate_authority_of_one_s_own(tmp_path: Path, page: bytes) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    (tmp_path / "page").write_bytes(page)
    with serving(files(tmp_path), tls=tls) as port:
        address = f"https://{HOST}:{port}/page"
        assert inside(*CURL, "--cacert", str(tmp_path / "ca.pem"), address) == page


def test_a_refusal_is_one() -> None:
    ran = ended(*CURL, f"http://{HOST}:{free_port()}/")
    assert ran.returncode == REFUSED


def test_the_machine_is_out_of_reach_without_host(web: str) -> None:
    ran = ended(*CURL, web.replace(HOST, "192.0.0.3"), options=("--no-host",))
    assert ran.returncode == REFUSED
