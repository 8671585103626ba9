"""Two hosts of an engine, and a stream of bytes between them at full speed."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

from usernet.config.address import parse_interface_address
from usernet.config.host import HostConfig, InterfaceConfig
from usernet.errors import CaptureError
from usernet.net.emulation import Ends

if TYPE_CHECKING:
    from usernet._core import Socket
    from usernet.engine import Engine, Statistics

__all__ = ["CHUNK", "Stream", "check_nothing_lost", "connected", "ends"]

CHUNK = random.Random(1).randbytes(1 << 16)
_HEADERS = 52
"""Bytes of IPv4's header, and of TCP's with timestamps."""


def ends() -> Ends:
    """Both ends of a line are hosts."""
    ports = ("eth0", "eth0")
    first, second = _host("10.0.0.1/24"), _host("10.0.0.2/24")
    return Ends(first, second, None, "ip", first_ports=ports, second_ports=ports)


def _host(address: str) -> HostConfig:
    return HostConfig((InterfaceConfig("eth0", (parse_interface_address(address, "addresses"),)),))


def connected(engine: Engine) -> tuple[Socket, Socket]:
    listener = engine.listen("second", ("10.0.0.2", 80))
    client = engine.connect("first", ("10.0.0.2", 80))
    while (server := listener.accept()) is None:
        engine.wait(0.001)
    return client, server


class Stream:
    """Bytes on their way, and whether they come as they went."""

    def __init__(self, client: Socket, server: Socket) -> None:
        self.client, self.server = client, server
        self.sent = self.received = 0

    def move(self) -> None:
        """Send what there is room for, and receive what is there."""
        at = self.sent % len(CHUNK)
        self.sent += self.client.send(CHUNK[at:])
        self.receive()

    def receive(self) -> None:
        while data := self.server.receive(1 << 20):
            at = self.received % len(CHUNK)
            whole = CHUNK * (len(data) // len(CHUNK) + 2)
            assert data == whole[at : at + len(data)]
            self.received += len(data)

    def finish(self, engine: Engine) -> None:
        """Wait until everything sent has come, and nothing is on its way."""
        while self.received < self.sent or self.client.unacknowledged():
            _wait(engine)
            self.receive()
        while engine.statistics().packets_lent:
            _wait(engine)


def _wait(engine: Engine) -> None:
    with suppress(CaptureError):  # one that has failed is told for ever after
        engine.wait(0.001)


def check_nothing_lost(found: Statistics) -> None:
    """Every byte that one end sent came to the other."""
    first, second = (found.hosts[name].interfaces["eth0"] for name in ("first", "second"))
    # Each further packet that a super-packet was cut into has headers of its own.
    cut = second.packets_in - first.packets_out
    assert cut >= 0
    assert second.bytes_in - first.bytes_out == cut * _HEADERS
    assert second.packets_out == first.packets_in
    assert found.packets_lent == found.packets_refused == 0
    assert sum(one.dropped for one in found.links.values()) == 0
