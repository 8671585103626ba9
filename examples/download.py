"""A real download by curl, as it is: on a perfect network and on a bad one, side by side.

``usernet run`` starts curl, and the server is this machine's own. It needs no privilege where users
may make namespaces, touches nothing outside, and leaves a report of each download.
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from usernet.trace import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = "3g"
SIZE = 2_000_000
FOLDER = Path("build")
PROGRAM = Path(sys.executable).with_name("usernet")
CURL = ("curl", "-4", "--silent", "--show-error", "--fail", "--output", "/dev/null")
TOLD = ("--write-out", "%{json}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What curl saw; times in milliseconds.

    Attributes:
        connected: How long connecting took.
        began: When the first byte came.
        mbit: The download's mean rate, in Mbit/s.
    """

    connected: float
    began: float
    mbit: float

    @classmethod
    def of(cls, told: str) -> Seen:
        """What curl tells (curl(1), --write-out)."""
        seen = json.loads(told)
        looked_up, connected, began = (
            1e3 * float(seen[f"time_{name}"]) for name in ("namelookup", "connect", "starttransfer")
        )
        mbit = float(seen["speed_download"]) * 8 / 1e6
        return cls(connected - looked_up, began, mbit)


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


@contextmanager
def serving(size: int) -> Iterator[int]:
    """A web server on this machine with one file; its port."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "file").write_bytes(bytes(size))
        handler = functools.partial(Silent, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield server.server_port
            finally:
                server.shutdown()
                thread.join()


def downloaded(port: int, report: Path, *options: str) -> Seen:
    """What curl sees of a network with these options."""
    network = (str(PROGRAM), "run", "--quiet", "--report", str(report), *options, "--")
    words = (*network, *CURL, *TOLD, f"http://host.usernet:{port}/file")
    return Seen.of(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)


def show(console: Console, perfect: Seen, bad: Seen) -> None:
    """Asked for and seen, side by side."""
    scenario = profiles.load(PROFILE)
    up, down = scenario.link.up, scenario.link.down
    round_trip, rate = (up.delay + down.delay) / 1e6, (down.rate or 0) / 1e6
    table = Table(title="curl, through usernet run", title_style="bold")
    table.add_column("seen by curl")
    table.add_column("no impairment", justify="right")
    table.add_column(f"--profile {PROFILE}: asked for", justify="right", style="dim")
    table.add_column("seen", justify="right", style="bold green")
    for what, times, before, after in (
        ("connecting", 1, perfect.connected, bad.connected),
        ("first byte after", 2, perfect.began, bad.began),
    ):
        asked = f"≥ {times * round_trip:g} ms"
        table.add_row(what, f"{before:.1f} ms", asked, f"{after:.1f} ms")
    asked = f"≤ {rate:g} Mbit/s"
    table.add_row("download", f"{perfect.mbit:.0f} Mbit/s", asked, f"{bad.mbit:.2f} Mbit/s")
    console.print(table)


def main() -> int:
    """Download twice."""
    console = Console(highlight=False)
    if shutil.which("curl") is None:
        console.print("There is no curl here: apt-get install curl")
        return 1
    FOLDER.mkdir(exist_ok=True)
    pages = [FOLDER / "download-perfect.html", FOLDER / f"download-{PROFILE}.html"]
    command = f"usernet run --profile {PROFILE} curl http://host.usernet:…/file"
    try:
        with serving(SIZE) as port, console.status(command):
            perfect = downloaded(port, pages[0])
            bad = downloaded(port, pages[1], "--profile", PROFILE)
    except subprocess.CalledProcessError as error:
        return error.returncode
    show(console, perfect, bad)
    console.print("reports of both, to open in a browser:", *(page.resolve() for page in pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
