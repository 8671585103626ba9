import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.engine.fidelity import fidelity
from usernet.engine.statistics import Lateness, Statistics

SECOND = 1_000_000_000


def lateness(
    count: int = 100_000,
    overruns: int = 0,
    p50: int = 21_000,
    p99: int = 71_000,
    *,
    buckets: list[list[int]] | None = None,
) -> dict[str, Any]:
    named = {"count": count, "overruns": overruns, "p50_ns": p50, "p99_ns": p99}
    worst = max(p99, (buckets or [[0, 0]])[-1][0])
    return {**named, "p999_ns": worst, "max_ns": worst, "buckets": buckets or [[p50, count]]}


def statistics(
    apps: dict[str, dict[str, Any]], *, packets: int = 100_000, kernel_dropped: int = 0
) -> Statistics:
    plain = ("packets_in", "bytes_in", "packets_out", "bytes_out", "marked", "duplicated")
    more = ("corrupted", "reordered", "delayed", "queue_packets", "queue_bytes", "queue_ns")
    zeros = dict.fromkeys((*plain, *more), 0)
    impairments = {
        name: {"kind": "impairment", **zeros, "packets_in": packets, "dropped": {}, "lateness": one}
        for name, one in apps.items()
    }
    socket = {"kind": "raw_socket", "kernel_dropped": kernel_dropped}
    whole = ("breaths", "generation", "packets_lent", "pool_bytes", "packets_refused")
    snapshot = {"time_ns": 10 * SECOND, **dict.fromkeys(whole, 1), "links": {}}
    return Statistics.from_core(json.dumps({**snapshot, "apps": {**impairments, "if": socket}}))


class TestVerdict:
    def test_a_machine_that_kept_up_is_trusted(self) -> None:
        found = fidelity(statistics({"up": lateness()}))
        assert str(found) == "trusted: p50 21 µs, p99 71 µs, 0 overruns"
        assert found.lateness == Lateness(100_000, 0, 21_000, 71_000, 71_000, 71_000)

    def test_a_slow_machine_is_inconclusive_and_says_for_what_it_was_too_slow(self) -> None:
        found = fidelity(statistics({"up": lateness(overruns=214, p99=3_100_000)}))
        assert str(found) == (
            "inconclusive: this machine was too slow for 10 000 packets/s: "
            "p99 lateness 3.1 ms, 214 overruns"
        )

    @pytest.mark.parametrize(
        ("p99", "overruns", "verdict"),
        [
            (1_000_000, 0, "trusted"),
            (1_000_001, 0, "inconclusive"),
            (71_000, 100, "trusted"),
            (71_000, 101, "inconclusive"),
        ],
    )
    def test_the_limits_are_one_millisecond_and_one_in_a_thousand(
        self, p99: int, overruns: int, verdict: str
    ) -> None:
        assert fidelity(statistics({"up": lateness(p99=p99, overruns=overruns)})).verdict == verdict

    def test_what_the_kernel_dropped_was_never_seen(self) -> None:
        found = fidelity(statistics({"up": lateness()}, kernel_dropped=1))
        assert found.kernel_dropped == 1
        assert found.reason.endswith(
            "packets/s: 1 packet dropped by the kernel before they were seen"
        )

    def test_nothing_due_is_nothing_late(self) -> None:
        found = fidelity(statistics({"up": lateness(0, buckets=[])}, packets=0))
        assert str(found) == "trusted: no packet was due at a moment of its own"


class TestSeveralImpairments:
    def test_their_packets_are_counted_together(self) -> None:
        many = lateness(10_000, p50=16, p99=16, buckets=[[16, 10_000]])
        few = lateness(10, overruns=10, p50=2**21, p99=2**21, buckets=[[2**21, 10]])
        found = fidelity(statistics({"up": many, "up/video": few}))
        assert found.verdict == "trusted"
        assert found.lateness == Lateness(10_010, 10, 17, 17, 17, 2**21)

    def test_the_one_that_counted_speaks_for_itself(self) -> None:
        idle = lateness(0, p50=0, p99=0)
        assert fidelity(statistics({"up": idle, "down": lateness()})).lateness.p99 == 71_000

    @given(st.lists(st.integers(0, 2**40), min_size=1), st.lists(st.integers(0, 2**40), min_size=1))
    def test_a_percentile_is_in_the_bucket_of_the_exact_one(
        self, up: list[int], down: list[int]
    ) -> None:
        found = fidelity(statistics({"up": histogram(up), "down": histogram(down)})).lateness
        every = sorted(up + down)
        for share, value in ((500, found.p50), (990, found.p99), (999, found.p999)):
            exact = every[-(-len(every) * share // 1000) - 1]
            assert bucket(value) == bucket(exact)
        assert found.maximum == every[-1]


def bucket(ns: int) -> int:
    """Return the least value in the bucket of this one: its highest bit and the three after it."""
    shift = max(ns.bit_length() - 4, 0)
    return ns >> shift << shift


def histogram(values: list[int]) -> dict[str, Any]:
    floors = [bucket(value) for value in values]
    buckets = [[floor, floors.count(floor)] for floor in sorted(set(floors))]
    return {**lateness(len(values), p99=max(values), buckets=buckets), "max_ns": max(values)}
