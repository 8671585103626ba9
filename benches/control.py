"""Control while it runs: how soon a value that is set is what runs, and what watching costs."""

from __future__ import annotations

import json
import multiprocessing
import os
import selectors
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx

from usernet.config.apps import Tee
from usernet.control import Control, Document
from usernet.net.emulation import Emulation, Ends
from usernet.sandbox import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

__all__ = ["main"]

_CHANGES = 2000
_WATCHERS = 24
_SECONDS = 10.0
_FLOWS = 200


def main() -> None:
    """Print both, and what the command costs while nobody asks it anything."""
    _time_control()
    with _running({"up": {"rate": "100mbit"}, "flow": _flows()}) as (_, url):
        _time_http(url, "")
        with _watching_elsewhere(f"{url}/events"):
            _time_http(url, f", {_WATCHERS} watch")
    with _running({"both": {"rate": "100mbit"}}) as (process, url):
        _load(process, _SECONDS)  # its own start
        idle = _load(process, _SECONDS)
        print(f"idle: {idle:.1%} of a core")
        _changes(url)
        watched = _watched(process, f"{url}/events")
        print(f"{_WATCHERS} watch: {(watched - idle) / _WATCHERS:.2%} of a core each")


@contextmanager
def _running(config: Mapping[str, object]) -> Generator[tuple[int, str]]:
    """A command that serves a line: its process, and where its API is."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder, "events")
        line = ("--serve", "127.0.0.1:0", "--json", str(events))
        command = [PROGRAM, "run", *line, "cat"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            while not events.exists() or not events.read_text():
                time.monotonic()
            url = f"{json.loads(events.read_text())['serve']}api/v1"
            httpx.put(f"{url}/config", json=config, timeout=30).raise_for_status()
            try:
                yield process.pid, url
            finally:
                process.communicate()


def _changes(url: str) -> None:
    with httpx.Client(base_url=url) as http:

        def change(number: int) -> None:
            body = {"down": {"delay": f"{number % 50}ms"}}
            http.patch("/config", json=body).raise_for_status()

        _timed("a value set, until it runs", change)


def _timed(what: str, change: Callable[[int], object]) -> None:
    times: list[float] = []
    for number in range(_CHANGES):
        begun = time.perf_counter()
        change(number)
        times.append((time.perf_counter() - begun) * 1e3)
    cut = statistics.quantiles(times, n=100)
    print(f"{what}: p50 {cut[49]:.2f} ms, p99 {cut[98]:.2f} ms")


def _flows() -> list[object]:
    return [
        {
            "name": f"f{number}",
            "filter": f"udp port {1000 + number}",
            "up": "loss=1%",
            "down": {"delay": "20ms", "rate": "5mbit"},
        }
        for number in range(_FLOWS)
    ]


def _time_control() -> None:
    document = Document.of({"up": {"rate": "100mbit"}, "flow": _flows()})
    control = Control(Emulation(document.scenario, Ends(Tee(), Tee())), document)

    def flow(number: int) -> None:
        control.patch({"flow": {f"f{number % _FLOWS}": _value(number)}})

    try:
        _timed(f"Control.patch of one of {_FLOWS} flows", flow)
        _timed(f"Control.patch of the link beside {_FLOWS}", lambda at: control.patch(_value(at)))
    finally:
        control.stop()


def _time_http(url: str, more: str) -> None:
    with httpx.Client(base_url=url) as http:

        def flow(number: int) -> None:
            http.patch(f"/flows/f{number % _FLOWS}", json=_value(number)).raise_for_status()

        def link(number: int) -> None:
            http.patch("/config", json=_value(number)).raise_for_status()

        _timed(f"PATCH /flows/f of {_FLOWS}{more}", flow)
        _timed(f"PATCH /config beside {_FLOWS} flows{more}", link)


def _value(number: int) -> dict[str, object]:
    return {"down": {"delay": f"{number % 70}ms"}}


def _watched(process: int, url: str) -> float:
    with _watching(url, _WATCHERS) as seen:
        load = _load(process, _SECONDS)
        least = min(seen) / _SECONDS
    assert least > 2, f"{least} points a second"
    return load


@contextmanager
def _watching(url: str, count: int) -> Generator[list[int]]:
    """So many hear of everything; how many points each has heard of."""
    stop = threading.Event()
    seen = [0] * count

    def watch(number: int) -> None:
        with httpx.stream("GET", url, timeout=30) as response:
            for chunk in response.iter_raw():
                seen[number] += chunk.count(b"event: point")
                if stop.is_set():
                    return

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def _watching_elsewhere(url: str) -> Generator[None]:
    """As many hear of everything in a process of their own, so that their work is not ours."""
    child = multiprocessing.get_context("spawn").Process(target=_watch_all, args=(url,))
    child.start()
    try:
        yield
    finally:
        child.kill()
        child.join()


def _watch_all(url: str) -> None:
    where = httpx.URL(url)
    ask = f"GET {where.path} HTTP/1.1\r\nHost: {where.host}:{where.port}\r\n\r\n".encode()
    with selectors.DefaultSelector() as selector:
        for _ in range(_WATCHERS):
            one = socket.create_connection((where.host, where.port or 80))
            one.sendall(ask)
            selector.register(one, selectors.EVENT_READ)
        while ready := selector.select():
            for key, _ in ready:
                cast("socket.socket", key.fileobj).recv(1 << 20)


def _load(process: int, seconds: float) -> float:
    """The share of a core that a process takes, over so many seconds."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    before, begun = used(), time.monotonic()
    threading.Event().wait(seconds)
    return (used() - before) / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
