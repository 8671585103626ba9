"""Simulate: a program in virtual time; the same seed, the same run."""

from __future__ import annotations

import asyncio
import random
import socket
import time

import pytest

from usernet.net.event_loop import EventLoop
from usernet.net.simulate import simulate


async def clocks() -> tuple[float, float, float]:
    await asyncio.sleep(3600)
    return time.monotonic(), time.time(), asyncio.get_running_loop().time()  # noqa: TID251


def test_an_hour_passes_on_every_clock() -> None:
    assert simulate(clocks()) == (3600.0, 946_684_800.0 + 3600, 3600.0)


async def draw() -> float:
    return random.random()  # noqa: TID251


def test_the_seed_decides() -> None:
    assert simulate(draw(), seed=7) == simulate(draw(), seed=7)
    assert simulate(draw(), seed=7) != simulate(draw(), seed=8)


def test_the_loop_knows_the_seed() -> None:
    async def main() -> int | None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, EventLoop)
        return loop.seed

    assert simulate(main(), seed=7) == 7


def test_debug_is_passed_on() -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert simulate(main(), debug=True)
    assert not simulate(main(), debug=False)


def test_what_the_program_raises_comes_out_and_nothing_stays_changed() -> None:
    before = time.monotonic, socket.socket

    async def main() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        simulate(main())
    assert (time.monotonic, socket.socket) == before


def test_simulations_do_not_nest() -> None:
    async def main() -> None:
        coroutine = draw()
        try:
            simulate(coroutine)
        finally:
            coroutine.close()

    with pytest.raises(RuntimeError, match="running event loop"):
        simulate(main())
