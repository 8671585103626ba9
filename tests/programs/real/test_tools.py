"""What people look at networks with: ping, dig, iperf3."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox import Command
from usernet.sandbox.addresses import MACHINE

from .inside import HOST, free_port, inside, needs

if TYPE_CHECKING:
    from pathlib import Path

RTT_MS = 100.0


@pytest.mark.parametrize("whom", [HOST, *MACHINE])
def test_ping_sees_the_line(whom: str) -> None:
    said = inside("ping", "-n", "-c", "5", "-i", "0.2", whom, options=("--rtt", "100ms"))
    times = [float(time) for time in re.findall(r"time=([\d.]+) ms", said.decode())]
    assert len(times) == 5
    assert RTT_MS <= min(times) < RTT_MS + 20


@needs("dig", "bind9-dnsutils")
class TestDig:
    @pytest.mark.parametrize(("kind", "address"), [("A", b"192.0.0.3\n"), ("AAAA", b"")])
    def test_finds_the_machine(self, kind: str, address: bytes) -> None:
        assert inside("dig", "+short", HOST, kind) == address


@needs("iperf3", "iperf3")
class TestIperf3:
    def measured(self, *words: str, options: tuple[str, ...] = ()) -> dict[str, float]:
        """What iperf3 says at the end, of what was received."""
        port = str(free_port())
        server = ("iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", port, "--forceflush")
        with Command(server) as listening:
            listening.wait_for("Server listening")
            said = inside(
                "iperf3", "-4", "-c", HOST, "-p", port, "-t", "1", "--json", *words, options=options
            )
        end = json.loads(said)["end"]
        received: dict[str, float] = end.get("sum_received") or end["sum"]
        return received

    @pytest.mark.parametrize("direction", [(), ("--reverse",)])
    def test_one_stream(self, direction: tuple[str, ...]) -> None:
        assert self.measured(*direction)["bits_per_second"] > 100e6

    def test_several_streams_both_ways(self) -> None:
        assert self.measured("--bidir", "--parallel", "4")["bits_per_second"] > 100e6

    @pytest.mark.parametrize("direction", [(), ("--reverse",)])
    def test_datagrams_arrive(self, direction: tuple[str, ...], tmp_path: Path) -> None:
        events = tmp_path / "events.json"
        words = ("--udp", "--bitrate", "10M", "--length", "1200", *direction)
        seen = self.measured(*words, options=("--json", str(events)))
        # Of 1,040. An iperf3 that gets no time for 80 ms has its own socket overflow; we drop none.
        assert seen["packets"] - seen["lost_packets"] > 900
        end = json.loads(events.read_text().splitlines()[-1])
        told = (*end["impairments"].values(), end["gateway"]["datagrams"])
        assert not any(count for one in told for count in one["dropped"].values()), told
