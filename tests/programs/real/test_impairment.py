"""The line that was asked for is the line that the program inside meets, by its own measure."""

from __future__ import annotations

import json
import socket
import socketserver
from typing import TYPE_CHECKING

import pytest

from .inside import files, inside, pattern, running, script, serving
from .test_curl import Count

if TYPE_CHECKING:
    from pathlib import Path

HOST = "192.0.0.3"
CURL = ("curl", "--silent", "--show-error", "--fail", "--max-time", "50", "--output", "/dev/null")

BUFFER = 1 << 20
"""Room for what a server that is kept waiting has not read yet."""
PROBE = """
import json, select, socket, sys, time
count, pause = 2000, 0.001
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
sock.connect((sys.argv[1], int(sys.argv[2])))
sock.setblocking(False)
came, begun = [], time.monotonic()
sent = 0
while True:
    now = time.monotonic() - begun
    if sent < count and sent * pause <= now:
        sock.send(sent.to_bytes(4, "big"))
        sent += 1
    if not select.select([sock], [], [], pause if sent < count else 1.0)[0]:
        if sent == count:
            break
        continue
    came.append(int.from_bytes(sock.recv(4), "big"))
print(json.dumps(came))
"""
"""Numbered datagrams to a server that sends them back; prints the numbers as they come."""


class Echo(socketserver.BaseRequestHandler):
    """Sends each datagram back."""

    def handle(self) -> None:
        data, sock = self.request
        sock.sendto(data, self.client_address)


def echoed(*options: str) -> list[int]:
    """The numbers of the datagrams that came back, in their order."""
    with socketserver.UDPServer(("127.0.0.1", 0), Echo) as server:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        port = server.server_address[1]
        with running(server):
            said = inside(*script(PROBE, HOST, str(port)), options=options)
    numbers: list[int] = json.loads(said)
    return numbers


def test_connecting_takes_a_round_trip(web: str) -> None:
    at = web.replace("host.usernet", HOST)
    words = (*CURL, "--write-out", "%{time_connect} %{time_starttransfer}", f"{at}/page")
    connected, began = map(float, inside(*words, options=("--rtt", "200ms")).split())
    assert 0.2 <= connected < 0.3
    assert 0.4 <= began < 0.55


def test_a_download_is_as_fast_as_the_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(pattern(8_000_000))
    with serving(files(tmp_path)) as port:
        words = (*CURL, "--write-out", "%{speed_download}", f"http://{HOST}:{port}/file")
        speed = float(inside(*words, options=("--rtt", "20ms", "--down", "rate=20mbit")))
    assert 0.85 < 8 * speed / 20e6 < 1500 / 1460


def test_an_upload_is_as_fast_as_the_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(pattern(8_000_000))
    with serving(Count) as port:
        words = (*CURL, "--upload-file", str(tmp_path / "file"), f"http://{HOST}:{port}/")
        told = ("--header", "Expect:", "--write-out", "%{speed_upload}")
        speed = float(inside(*words, *told, options=("--rtt", "20ms", "--up", "rate=20mbit")))
    assert 0.85 < 8 * speed / 20e6 < 1500 / 1460


def test_without_impairment_every_datagram_comes_back_in_order() -> None:
    assert echoed() == list(range(2000))


@pytest.mark.parametrize("way", ["--up", "--down"])
def test_as_many_datagrams_are_lost_as_asked(way: str) -> None:
    came = echoed(way, "loss=10%", "--seed", "7")
    assert came == sorted(came)
    # 2000 draws with 10 %: four standard deviations are 54.
    assert abs(2000 - len(came) - 200) < 54


def test_loss_of_both_ways_adds_up() -> None:
    # Of 2000 come back 81 %; four standard deviations are 70.
    assert abs(len(echoed("--loss", "10%", "--seed", "7")) - 1620) < 70


def test_datagrams_overtake_one_another_as_asked() -> None:
    came = echoed("--up", "delay=20ms reorder=25%", "--seed", "7")
    assert sorted(came) == list(range(2000))
    overtaken = sum(number < latest for number, latest in zip(came, maxima(came), strict=True))
    assert overtaken > 1000
    assert echoed("--up", "delay=20ms", "--seed", "7") == list(range(2000))


def maxima(numbers: list[int]) -> list[int]:
    """For each number the largest until then."""
    found: list[int] = []
    for number in numbers:
        found.append(max(number, found[-1] if found else number))
    return found


def test_datagrams_are_doubled_as_asked() -> None:
    came = echoed("--down", "duplicate=10%", "--seed", "7")
    assert set(came) == set(range(2000))
    assert abs(len(came) - 2200) < 54
