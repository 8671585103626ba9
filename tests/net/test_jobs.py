"""Jobs: delivered in the order in which they were begun."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading

import pytest

from usernet.net.jobs import Jobs


def test_a_later_job_waits_for_an_earlier_one() -> None:
    async def main() -> None:
        woken = threading.Semaphore(0)
        jobs = Jobs(asyncio.get_running_loop(), woken.release)
        gate = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            slow = jobs.begin(executor, gate.wait)
            quick = jobs.begin(executor, lambda: "quick")
            woken.acquire(timeout=10)
            assert jobs.overtaken
            assert not jobs.deliver()
            assert jobs.deliver(in_order=False)
            assert await quick == "quick"
            gate.set()
            woken.acquire(timeout=10)
            assert jobs.deliver()
            assert await slow
            assert not jobs.running

    asyncio.run(main())


def test_errors_and_cancellation_are_delivered() -> None:
    async def main() -> None:
        woken = threading.Semaphore(0)
        jobs = Jobs(asyncio.get_running_loop(), woken.release)
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            gate = threading.Event()
            jobs.begin(executor, gate.wait)
            broken = jobs.begin(executor, lambda: 1 // 0)
            dropped = jobs.begin(executor, lambda: None)
            dropped.cancel()
            await asyncio.sleep(0)
            gate.set()
            for _ in range(3):
                woken.acquire(timeout=10)
            assert [jobs.deliver() for _ in range(4)] == [True, True, True, False]
            with pytest.raises(ZeroDivisionError):
                await broken
            assert dropped.cancelled()

    asyncio.run(main())


def test_a_job_has_the_context_of_who_began_it() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")

    async def main() -> str:
        woken = threading.Semaphore(0)
        jobs = Jobs(asyncio.get_running_loop(), woken.release)
        name.set("main")
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            future = jobs.begin(executor, name.get)
            woken.acquire(timeout=10)
            jobs.deliver()
            return await future

    assert asyncio.run(main()) == "main"
