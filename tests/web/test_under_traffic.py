"""A line is changed over HTTP under a TCP stream, and its API fails: no packet is lost by either.

``USERNET_SOAK=1`` makes it 10 000 changes.
"""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from tests.net.streaming import CHUNK, Stream, check_nothing_lost, connected, ends
from tests.web.served import Running, served

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGES = 10_000 if os.environ.get("USERNET_SOAK") else 200
RATE = "rate=2gbit queue=100mb delay=1ms"


@pytest.fixture
def running() -> Iterator[Running]:
    with served(table={"both": {"delay": "1ms"}}, ends=ends()) as made:
        yield made


@pytest.fixture
def stream(running: Running) -> Stream:
    return Stream(*connected(running.emulation.engine))


def configs() -> Iterator[dict[str, object]]:
    """Configs with flows that come, go, change places and share, from a seed."""
    chance = random.Random(5)
    while True:
        flows: list[dict[str, object]] = []
        for name in chance.sample(["a", "b", "c", "d"], chance.randrange(4)):
            filter = chance.choice(["remote port 80", "tcp", "len > 200", "net 10.0.0.0/8"])  # noqa: A001
            flow: dict[str, object] = {"name": name, "filter": filter}
            flow["both"] = chance.choice(["delay=1ms", RATE])
            if share := chance.choice(["", "link", "office"]):
                flow |= {"share": share, "weight": chance.randrange(1, 5)}
            flows.append(flow)
        office = {"name": "office", "both": "rate=4gbit queue=100mb"}
        yield {
            "both": chance.choice(["delay=1ms", RATE]),
            "flow": flows,
            "bottleneck": [office] if any(one.get("share") == "office" for one in flows) else [],
        }


def test_changes_over_http_lose_nothing_and_leave_nothing(running: Running, stream: Stream) -> None:
    grown = 0
    for number, config in zip(range(CHANGES), configs(), strict=False):
        answer = running.http.put("/config", json=config)
        assert answer.status_code == 200, answer.text
        stream.move()
        if number == CHANGES // 2:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert running.http.put("/config", json={}).status_code == 200
    stream.finish(running.emulation.engine)
    while len(running.control.statistics().impairments) > 2:
        # What was taken away is let go of by whoever looks after the line.
        running.emulation.engine.wait(0.001)
    assert running.control.generation == CHANGES + 2
    check_nothing_lost(running.control.statistics())
    assert running.control.drops()["count"] == 0
    assert stream.received > 10 * len(CHUNK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 30_000  # KiB


def flows_on(running: Running, stream: Stream) -> None:
    """Some more goes through, and nothing is lost."""
    until = stream.received + 50 * len(CHUNK)
    while stream.received < until:
        stream.move()
    stream.finish(running.emulation.engine)
    check_nothing_lost(running.emulation.statistics())


def test_it_flows_on_without_the_thread_of_the_api(running: Running, stream: Stream) -> None:
    stream.move()
    assert running.http.get("/config").status_code == 200  # it serves
    loop = running.server._loop
    assert loop is not None
    loop.call_soon_threadsafe(sys.exit)
    running.server._thread.join()
    assert not running.server.is_alive
    flows_on(running, stream)
    with socket.socket() as who_comes:
        port = int(running.url.rpartition(":")[2])
        assert who_comes.connect_ex(("127.0.0.1", port)) != 0  # is refused, and does not wait


def test_it_flows_on_when_browsers_go_in_the_middle(running: Running, stream: Stream) -> None:
    port = int(running.url.rpartition(":")[2])
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as browser:
            browser.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in browser.recv(4096)
            linger = struct.pack("ii", 1, 0)
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)  # it is reset
        stream.move()
    flows_on(running, stream)
    while running.control.is_watched:
        running.emulation.engine.wait(0.001)
    assert running.http.get("/config").status_code == 200


def test_it_flows_on_when_the_disk_is_full(running: Running, stream: Stream) -> None:
    assert running.http.post("/capture/start").status_code == 200
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        while running.control.capture is None or running.control.capture.is_running:
            stream.move()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for _ in range(2):  # it is told whenever somebody asks for the capture's end
        answer = running.http.post("/capture/stop")
        assert answer.status_code == 507
        assert "File too large" in json.dumps(answer.json())
    flows_on(running, stream)
