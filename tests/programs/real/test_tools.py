"""What people look at networks with: ping, dig, iperf3."""

from __future__ import annotations

import json
import re
import shutil
import socketserver

import pytest

from usernet.sandbox import Command

from .inside import HOST, free_port, inside, running

RTT_MS = 100.0
needs_dig = pytest.mark.skipif(
    shutil.which("dig") is None, reason="needs dig: apt-get install bind9-dnsutils"
)
needs_iperf3 = pytest.mark.skipif(
    shutil.which("iperf3") is None, reason="needs iperf3: apt-get install iperf3"
)


class Answering(socketserver.BaseRequestHandler):
    """Answers every question with 203.0.113.9 (RFC 1035 §4)."""

    def answer(self, asked: bytes) -> bytes:
        """The answer to a question of one name."""
        question = asked[12 : asked.index(b"\0", 12) + 5]
        header = asked[:2] + bytes.fromhex("8180 0001 0001 0000 0000")
        record = bytes.fromhex("c00c 0001 0001 0000003c 0004 cb007109")
        return header + question + record


class ByDatagram(Answering):
    """In one datagram."""

    def handle(self) -> None:
        data, socket = self.request
        socket.sendto(self.answer(data), self.client_address)


class ByStream(Answering):
    """With its length before it (RFC 1035 §4.2.2)."""

    def handle(self) -> None:
        with self.request.makefile("rwb") as stream:
            said = self.answer(stream.read(int.from_bytes(stream.read(2), "big")))
            stream.write(len(said).to_bytes(2, "big") + said)


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_ping_sees_the_line(family: str) -> None:
    said = inside("ping", family, "-n", "-c", "5", "-i", "0.2", HOST, options=("--rtt", "100ms"))
    times = [float(time) for time in re.findall(r"time=([\d.]+) ms", said.decode())]
    assert len(times) == 5
    assert all(RTT_MS <= time < RTT_MS + 20 for time in times)


@needs_dig
class TestDig:
    @pytest.mark.parametrize(
        ("kind", "address"), [("A", b"192.0.0.3\n"), ("AAAA", b"fd75:7365:726e:6574::3\n")]
    )
    def test_finds_the_machine(self, kind: str, address: bytes) -> None:
        assert inside("dig", "+short", HOST, kind) == address

    @pytest.mark.parametrize(("kind", "handler"), [("+notcp", ByDatagram), ("+tcp", ByStream)])
    def test_asks_a_server(self, kind: str, handler: type[Answering]) -> None:
        server = socketserver.TCPServer if kind == "+tcp" else socketserver.UDPServer
        with server(("127.0.0.1", 0), handler) as serving, running(serving):
            at = ("@192.0.0.3", "-p", str(serving.server_address[1]))
            assert inside("dig", "+short", kind, *at, "example.org", "A") == b"203.0.113.9\n"


@needs_iperf3
class TestIperf3:
    def measured(self, *words: str) -> dict[str, float]:
        """What iperf3 says at the end, of what was received."""
        port = str(free_port())
        server = ("iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", port, "--forceflush")
        with Command(server) as listening:
            listening.wait_for("Server listening")
            said = inside("iperf3", "-4", "-c", HOST, "-p", port, "-t", "1", "--json", *words)
        end = json.loads(said)["end"]
        received: dict[str, float] = end.get("sum_received") or end["sum"]
        return received

    @pytest.mark.parametrize("direction", [(), ("--reverse",)])
    def test_one_stream(self, direction: tuple[str, ...]) -> None:
        assert self.measured(*direction)["bits_per_second"] > 100e6

    def test_several_streams_both_ways(self) -> None:
        assert self.measured("--bidir", "--parallel", "4")["bits_per_second"] > 100e6

    @pytest.mark.parametrize("direction", [(), ("--reverse",)])
    def test_datagrams_arrive(self, direction: tuple[str, ...]) -> None:
        seen = self.measured("--udp", "--bitrate", "10M", "--length", "1200", *direction)
        assert seen["packets"] > 900
        assert seen["lost_packets"] == 0
