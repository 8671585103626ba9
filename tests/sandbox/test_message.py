"""Messages: whole, in order, with descriptors, and an end that is heard."""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from usernet.sandbox.message import Channel

Ends = tuple[Channel, Channel]


@pytest.fixture
def ends() -> Iterator[Ends]:
    first, second = Channel.pair()
    with closing(first), closing(second):
        yield first, second


def test_they_come_whole_and_in_order(ends: Ends) -> None:
    first, second = ends
    assert first.tell("one", number=1)
    assert first.tell("two", text="ü\udc80")
    one, two = second.hear(), second.hear()
    assert one is not None
    assert two is not None
    assert (one.what, one.number("number"), one.descriptors) == ("one", 1, ())
    assert (two.what, two.text("text")) == ("two", "ü\udc80")


def test_descriptors_arrive_as_the_receivers_own(ends: Ends) -> None:
    first, second = ends
    reads, writes = os.pipe()
    first.tell("pipe", (reads, writes))
    os.close(reads)
    os.close(writes)
    message = second.hear()
    assert message is not None
    reads, writes = message.descriptors
    assert not os.get_inheritable(reads)
    os.write(writes, b"through")
    assert os.read(reads, 99) == b"through"
    os.close(reads)
    os.close(writes)


@pytest.mark.parametrize("unread", [0, 1])
def test_an_end_is_heard_and_nobody_is_told_any_more(ends: Ends, unread: int) -> None:
    first, second = ends
    for _ in range(unread):
        second.tell("never read")
    first.close()
    while second.hear() is not None:
        pass
    assert not second.tell("anything")
