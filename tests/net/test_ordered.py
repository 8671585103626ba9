"""Futures and tasks: their order in a set follows from when they were made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from usernet.net.event_loop import EventLoop

if TYPE_CHECKING:
    from collections.abc import Iterator


async def nothing() -> None:
    pass


async def hashes() -> list[int]:
    loop = asyncio.get_running_loop()
    task = loop.create_task(nothing(), name="one")
    waste = [object() for _ in range(10)]
    futures = [loop.create_future(), loop.create_future(), task]
    found = [hash(one) for one in futures]
    assert task.get_name() == "one"
    assert len(waste) == 10
    await task
    return found


def runs() -> Iterator[list[int]]:
    for _ in range(3):
        with asyncio.Runner(loop_factory=EventLoop) as runner:
            yield runner.run(hashes())


def test_hashes_are_the_same_in_each_run() -> None:
    first, second, third = runs()
    assert first == second == third
    assert len(set(first)) == 3


def test_they_are_futures_and_tasks_in_every_other_way() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        one, two = loop.create_future(), loop.create_future()
        assert one != two
        one.set_result(1)
        two.set_exception(LookupError("two"))
        assert await one == 1
        with pytest.raises(LookupError, match="two"):
            await two
        done, _ = await asyncio.wait([loop.create_task(nothing()) for _ in range(20)])
        numbers = [hash(task) for task in done]
        assert len(numbers) == 20
        assert isinstance(asyncio.current_task(), asyncio.Task)

    with asyncio.Runner(loop_factory=EventLoop) as runner:
        runner.run(main())
