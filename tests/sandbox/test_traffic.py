"""A TCP stream and a train of UDP packets between two hosts, over a Linux bridge."""

import hashlib
from collections.abc import Iterator

import pytest

from usernet.sandbox import CLIENT, SERVER, Path, datagrams, download, path, stream

pytestmark = pytest.mark.root


@pytest.fixture
def bridged() -> Iterator[Path]:
    with path() as made:
        made.bridge()
        yield made


@pytest.mark.parametrize("address", SERVER)
def test_a_stream_says_what_came_out(bridged: Path, address: str) -> None:
    data = bytes(range(256)) * 4096
    came = stream(bridged.client, bridged.server, address, data)
    assert (came.bytes, came.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert came.bits_per_second == came.bytes * 8 / came.seconds


def test_a_download_lasts_as_long_as_asked(bridged: Path) -> None:
    came = download(bridged.server, bridged.client, CLIENT[0], seconds=0.2)
    assert came.seconds >= 0.2
    assert came.bytes > 0


@pytest.mark.parametrize("address", SERVER)
def test_a_train_of_packets_arrives_in_order_with_its_times(bridged: Path, address: str) -> None:
    bridged.introduce()
    sent = [index.to_bytes(4) for index in range(100)]
    came = datagrams(bridged.client, bridged.server, address, sent, pause=0.001, silence=0.2)
    assert [one.data for one in came] == sent
    times = [one.at_ns for one in came]
    assert times == sorted(times)
    assert times[-1] - times[0] >= 9_000_000
