"""Control while it runs: how soon a value that is set is what runs, and what watching costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import httpx

from usernet.sandbox import PROGRAM

__all__ = ["main"]

_CHANGES = 2000
_WATCHERS = 24
_SECONDS = 10.0


def main() -> None:
    """Print both, and what the command costs while nobody asks it anything."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder, "events")
        line = ("--serve", "127.0.0.1:0", "--rate", "100mbit", "--json", str(events))
        command = [PROGRAM, "run", *line, "cat"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            while not events.exists() or not events.read_text():
                time.monotonic()
            url = json.loads(events.read_text())["serve"]
            _load(process.pid, _SECONDS)  # its own start
            idle = _load(process.pid, _SECONDS)
            print(f"idle: {idle:.1%} of a core")
            _changes(f"{url}api/v1")
            watched = _watched(process.pid, f"{url}api/v1/events")
            print(f"{_WATCHERS} watch: {(watched - idle) / _WATCHERS:.2%} of a core each")
            process.communicate()


def _changes(url: str) -> None:
    times: list[float] = []
    with httpx.Client(base_url=url) as http:
        for number in range(_CHANGES):
            body = {"down": {"delay": f"{number % 50}ms"}}
            begun = time.perf_counter()
            http.patch("/config", json=body).raise_for_status()
            times.append((time.perf_counter() - begun) * 1e3)
    cut = statistics.quantiles(times, n=100)
    print(f"a value set, until it runs: p50 {cut[49]:.2f} ms, p99 {cut[98]:.2f} ms")


def _watched(process: int, url: str) -> float:
    stop = threading.Event()
    seen = [0] * _WATCHERS

    def watch(number: int) -> None:
        with httpx.stream("GET", url, timeout=30) as response:
            for chunk in response.iter_raw():
                seen[number] += chunk.count(b"event: point")
                if stop.is_set():
                    return

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(_WATCHERS)]
    for thread in threads:
        thread.start()
    load = _load(process, _SECONDS)
    least = min(seen) / _SECONDS
    assert least > 2, f"{least} points a second"
    stop.set()
    for thread in threads:
        thread.join()
    return load


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
