"""``usernet emulate`` on real traffic: what goes in comes out, as late and as little as asked."""

import hashlib
import json
import math
import random
import re
import socket
import struct
import time
from collections.abc import Iterator
from typing import TypedDict

import pytest

from usernet.sandbox import CLIENT, SERVER, Ended, Path, datagrams, path, stream

pytestmark = pytest.mark.root

MIB = 1 << 20
UDP_SEGMENT = 103
"""Of linux/udp.h; Python does not name it."""


class Counters(TypedDict):
    packets_in: int
    packets_out: int
    dropped: dict[str, int]
    lateness: dict[str, int]


@pytest.fixture(scope="module")
def joint() -> Iterator[Path]:
    with path() as made:
        made.introduce()
        yield made


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def round_trips(made: Path, address: str, count: int) -> list[float]:
    """The round trips of so many pings, in milliseconds; all must return."""
    said = made.client.run("ping", "-n", "-c", str(count), "-i", "0.05", "-W", "3", address)
    times = [float(time) for time in re.findall(r"time=([\d.]+) ms", said)]
    assert len(times) == count
    return times


def impairment(ended: Ended, name: str) -> Counters:
    assert ended.code == 0, ended.err
    last = json.loads(ended.out.splitlines()[-1])
    assert last["event"] == "end"
    counters: Counters = last["impairments"][name]
    return counters


def as_likely(hits: int, trials: int, p: float, alpha: float = 0.001) -> bool:
    """Whether the Clopper–Pearson interval at 1 - alpha around hits/trials contains p."""

    def chance(k: int) -> float:
        ways = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        return math.exp(ways + k * math.log(p) + (trials - k) * math.log1p(-p))

    at_most = math.fsum(chance(k) for k in range(hits + 1))
    at_least = math.fsum(chance(k) for k in range(hits, trials + 1))
    return min(at_most, at_least) > alpha / 2


class TestDelay:
    @pytest.mark.parametrize("address", SERVER)
    def test_a_ping_takes_the_delay_of_both_directions(self, joint: Path, address: str) -> None:
        with joint.emulate("--up", "delay=12ms", "--down", "delay=8ms"):
            times = sorted(round_trips(joint, address, 20))
        assert times[0] >= 20.0
        assert times[10] < 22.0

    def test_jitter_does_not_depend_on_the_packet_rate(self, joint: Path) -> None:
        spreads = [self.delays(joint, pause) for pause in (0.02, 0.001)]
        for delays in spreads:
            mean = math.fsum(delays) / len(delays)
            deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in delays) / len(delays))
            assert mean == pytest.approx(30.0, abs=1.5)
            assert deviation == pytest.approx(10 / math.sqrt(3), abs=1.2)

    def delays(self, made: Path, pause: float) -> list[float]:
        """One-way delays of 500 packets under ``30ms ± 10ms``, in milliseconds."""
        line = "delay=30ms jitter=10ms"
        with made.emulate("--up", line):
            came = datagrams(
                made.client, made.server, SERVER[0], stamped(500), pause=pause, silence=0.3
            )
        assert len(came) == 500
        return [(one.at_ns - struct.unpack("q", one.data)[0]) / 1e6 for one in came]


def stamped(count: int) -> Iterator[bytes]:
    """Packets that carry when they were sent, by the wall clock."""
    for _ in range(count):
        yield struct.pack("q", time.clock_gettime_ns(time.CLOCK_REALTIME))


class TestStreams:
    @pytest.mark.parametrize("address", SERVER)
    def test_one_arrives_bit_for_bit(self, joint: Path, address: str) -> None:
        data = noise(64 * MIB)
        with joint.emulate():
            came = stream(joint.client, joint.server, address, data)
        assert (came.bytes, came.sha256) == (len(data), hashlib.sha256(data).hexdigest())

    @pytest.mark.parametrize("address", SERVER)
    def test_one_arrives_bit_for_bit_over_a_bad_line(self, joint: Path, address: str) -> None:
        data = noise(8 * MIB)
        bad = ("--loss", "0.5%", "--delay", "1ms", "--jitter", "500us", "--reorder", "1%")
        with joint.emulate(*bad, "--json") as line:
            came = stream(joint.client, joint.server, address, data)
            dropped = impairment(line.stop(), "up")["dropped"]
        assert (came.bytes, came.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert dropped["loss"] > 0

    @pytest.mark.parametrize("address", SERVER)
    @pytest.mark.parametrize("line", ["", "rate=200mbit"], ids=["whole", "cut"])
    def test_short_ones_closed_at_once_are_whole(
        self, joint: Path, address: str, line: str
    ) -> None:
        sizes = (20_001, 28_961, 65_536, 150_000)
        with joint.emulate(*(("--up", line) if line else ())):
            came = [stream(joint.client, joint.server, address, noise(size)) for size in sizes]
        assert [one.bytes for one in came] == list(sizes)
        assert [one.sha256 for one in came] == [
            hashlib.sha256(noise(size)).hexdigest() for size in sizes
        ]

    @pytest.mark.parametrize("address", SERVER)
    @pytest.mark.parametrize("line", ["", "rate=200mbit"], ids=["whole", "cut"])
    def test_udp_super_packets_arrive_whole(self, joint: Path, address: str, line: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sent = [noise(1200 * 20 - 7 - index) for index in range(10)]
        with (
            joint.emulate(*(("--up", line) if line else ())),
            joint.server.socket(family, socket.SOCK_DGRAM) as inbox,
            joint.client.socket(family, socket.SOCK_DGRAM) as outbox,
        ):
            inbox.bind((address, 0))
            inbox.settimeout(5)
            outbox.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1200)
            outbox.connect(inbox.getsockname())
            for data in sent:
                outbox.send(data)
                assert b"".join(inbox.recv(65536) for _ in range(20)) == data


class TestRate:
    def test_it_queues_what_comes_too_fast(self, joint: Path) -> None:
        frame, count, rate = 1242, 900, 10e6
        payloads = [bytes(frame - 42)] * count
        with joint.emulate("--up", "rate=10mbit", "--json") as line:
            came = datagrams(joint.client, joint.server, SERVER[0], payloads)
            late = impairment(line.stop(), "up")["lateness"]["maximum"] / 1e9
        assert len(came) == count
        at = [(one.at_ns - came[0].at_ns) / 1e9 for one in came]
        passed = [(index + 1) * frame * 8 for index in range(count)]
        early = max(bits - rate * time for bits, time in zip(passed, at, strict=True))
        assert early <= frame * 8 + rate * (late + 0.0005)
        assert at[-1] == pytest.approx(passed[-2] / rate, abs=0.005 + late)

    def test_the_delay_rises_with_the_queue(self, joint: Path) -> None:
        with joint.emulate("--up", "rate=10mbit"):
            payloads = (bytes(8) + one + bytes(1184) for one in stamped(400))
            came = datagrams(joint.client, joint.server, SERVER[0], payloads, pause=0.0005)
        waited = [one.at_ns - struct.unpack_from("q", one.data, 8)[0] for one in came]
        assert waited[0] < 10e6
        assert waited[-1] > 250e6

    def test_a_small_queue_drops_what_does_not_fit(self, joint: Path) -> None:
        with joint.emulate("--up", "rate=1mbit queue=10packets", "--json") as line:
            came = datagrams(joint.client, joint.server, SERVER[0], [bytes(958)] * 200)
            up = impairment(line.stop(), "up")
        assert up["dropped"]["queue"] == up["packets_in"] - up["packets_out"] >= 180
        assert len(came) <= 20


class TestLoss:
    def test_the_ratio_is_the_one_asked_for(self, joint: Path) -> None:
        with joint.emulate("--up", "loss=10%", "--json") as line:
            sent = [bytes(64)] * 5000
            came = datagrams(joint.client, joint.server, SERVER[0], sent, pause=0.0005)
            up = impairment(line.stop(), "up")
        assert up["packets_in"] >= len(sent)
        assert as_likely(len(sent) - len(came), len(sent), 0.10)
        assert abs(up["dropped"]["loss"] - (len(sent) - len(came))) <= 5

    def test_the_other_direction_loses_nothing(self, joint: Path) -> None:
        with joint.emulate("--up", "loss=50%"):
            came = datagrams(joint.server, joint.client, CLIENT[0], [bytes(64)] * 500, pause=0.0005)
        assert len(came) == 500

    def test_one_seed_loses_the_same_packets(self) -> None:
        with path() as own:
            own.introduce()
            own.only_ipv4()
            first, again, other = (self.survivors(own, seed) for seed in ("7", "7", "8"))
        assert first == again != other
        assert 0 < len(first) < 1000

    def survivors(self, made: Path, seed: str) -> list[int]:
        sent = [index.to_bytes(2) for index in range(1000)]
        with made.emulate("--up", "loss=20%", "--seed", seed):
            came = datagrams(made.client, made.server, SERVER[0], sent, pause=0.0005, silence=0.2)
        return [int.from_bytes(one.data) for one in came]
