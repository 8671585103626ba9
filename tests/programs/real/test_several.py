"""Several programs in one network, and a server inside that is reached from outside."""

from __future__ import annotations

import os
import urllib.request
from typing import TYPE_CHECKING

import pytest

from .inside import free_port, inside, script, started

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.sandbox import Command

SERVER = """
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
with http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), handler) as server:
    print("port", server.server_address[1], flush=True)
    server.serve_forever()
"""
CURL = ("curl", "--silent", "--show-error", "--fail", "--max-time", "30")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test's network has."""
    return f"test-{os.getpid()}-{request.node.name}"[:64]


def server(folder: Path, *options: str, port: int = 0) -> Command:
    """A web server inside."""
    return started(*script(SERVER, str(folder), str(port)), options=options)


def test_programs_that_join_share_the_network(page: bytes, tmp_path: Path, name: str) -> None:
    (tmp_path / "page").write_bytes(page)
    with server(tmp_path, "--name", name) as serving:
        port = serving.wait_for("port").split()[1]
        own = f"http://127.0.0.1:{port}/page"
        assert inside(*CURL, own, options=("--join", name)) == page
        by_address = f"http://192.0.0.2:{port}/page"
        assert inside(*CURL, by_address, options=("--join", name)) == page


def test_those_that_join_meet_the_line_as_well(web: str, tmp_path: Path, name: str) -> None:
    timed = (*CURL, "--output", "/dev/null", "--write-out", "%{time_starttransfer}", f"{web}/page")
    with server(tmp_path, "--name", name, "--rtt", "300ms") as serving:
        serving.wait_for("port")
        assert float(inside(*timed, options=("--join", name))) > 0.6


def test_a_server_inside_is_reached_by_a_published_port(page: bytes, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(page)
    outside, within = free_port(), free_port()
    with server(tmp_path, "--publish", f"{outside}:{within}", port=within) as serving:
        serving.wait_for("port")
        with urllib.request.urlopen(f"http://127.0.0.1:{outside}/page", timeout=30) as got:
            assert got.read() == page
