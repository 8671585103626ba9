"""A line that runs, and its server, for tests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from usernet.config.apps import Tee
from usernet.control import Control, Document
from usernet.control.story import Story
from usernet.net.emulation import Emulation, Ends
from usernet.web import Server, Token
from usernet.web.server import listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE: dict[str, object] = {
    "up": {"loss": "2%", "rate": "1024kbit"},
    "down": "delay=0.040s",
    "flow": [{"name": "dns", "filter": "udp port 53", "down": {"delay": "1s"}}],
    "at": [
        {"time": "1h", "set": {"down": {"delay": "50ms"}}},
        {"time": "2h", "outage": "2s", "repeat": "10s"},
    ],
}


@dataclass
class Running:
    """A line, its server, and a client of it."""

    control: Control
    server: Server
    http: httpx.Client
    url: str
    emulation: Emulation

    def look_after(self, stop: threading.Event) -> None:
        while not stop.wait(0.02):
            self.control.check()


@contextmanager
def served(
    token: Token | None = None,
    port: int = 0,
    *,
    table: Mapping[str, object] = TABLE,
    ends: Ends | None = None,
    knows_owners: bool = False,
) -> Iterator[Running]:
    document = Document.of(table)
    emulation = Emulation(document.scenario, ends or Ends(Tee(), Tee()))
    control = Control(emulation, document, ("a", "b"), knows_owners=knows_owners)
    listener = listen("127.0.0.1", port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(control, Story("a – b", {}), public=listener, token=token)
    stop = threading.Event()
    with httpx.Client(base_url=f"{url}/api/v1", timeout=20) as http:
        running = Running(control, server, http, url, emulation)
        carer = threading.Thread(target=running.look_after, args=(stop,))
        carer.start()
        try:
            yield running
        finally:
            stop.set()
            carer.join()
            control.end()
            server.close()
            control.stop()
