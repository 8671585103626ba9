"""Calls that block, beside a loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from usernet.tunnel.beside import beside


def fail() -> int:
    raise OSError("on purpose")


def test_what_comes_of_it_is_told() -> None:
    async def main() -> int:
        with pytest.raises(OSError, match="on purpose"):
            await beside(fail)
        return await beside(lambda: 7)

    assert asyncio.run(main()) == 7


def test_neither_a_caller_nor_the_end_of_the_loop_waits_for_one_that_does_not_return() -> None:
    stop, begun = threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return stop.wait(60)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await beside(wait)

    asyncio.run(main())
    assert begun.wait(20)
    assert not stop.is_set()
    stop.set()
