"""Recordings made by hand, for the tests of reports."""

from types import MappingProxyType

from usernet.engine.fidelity import Fidelity
from usernet.engine.statistics import ImpairmentStatistics, Lateness
from usernet.net.recorder import Recording, Sample

SECOND = 1_000_000_000
LATENESS = Lateness(412_345, 2, 21_000, 71_000, 640_000, 812_345)
TRUSTED = Fidelity("trusted", "p50 21 µs, p99 71 µs, 0 overruns", LATENESS, 0)


def counted(
    packets_in: int = 0,
    packets_out: int = 0,
    *,
    dropped: dict[str, int] | None = None,
    marked: int = 0,
    queue_packets: int = 0,
    queue_ns: int = 0,
) -> ImpairmentStatistics:
    """Return what an impairment counted, of packets of 1000 bytes."""
    return ImpairmentStatistics(
        packets_in=packets_in,
        bytes_in=packets_in * 1000,
        packets_out=packets_out,
        bytes_out=packets_out * 1000,
        dropped=MappingProxyType(dropped or {}),
        marked=marked,
        duplicated=31_001,
        corrupted=31_002,
        reordered=31_003,
        delayed=31_004,
        queue_packets=queue_packets,
        queue_bytes=queue_packets * 1000,
        queue_ns=queue_ns,
        lateness=LATENESS,
    )


def recorded(*samples: dict[str, ImpairmentStatistics], period_ns: int = SECOND) -> Recording:
    """Return a recording of these samples, one a period."""
    timed = enumerate(samples)
    return Recording(tuple(Sample(at * period_ns, one) for at, one in timed), period_ns)
