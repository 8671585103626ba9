"""TimedLoop: virtual time, the order of timers, other threads, signals, and standstill."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import pytest

from usernet.errors import DeadlockError
from usernet.net.event_loop import EventLoop

T = TypeVar("T")


def run(main: Coroutine[object, object, T], *, debug: bool = False) -> T:
    with asyncio.Runner(loop_factory=EventLoop, debug=debug) as runner:
        return runner.run(main)


def time() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("debug", [False, True])
def test_a_year_of_sleep_takes_no_time(debug: bool) -> None:
    async def main() -> float:
        await asyncio.sleep(365 * 86400)
        return time()

    assert run(main(), debug=debug) == 365 * 86400


def test_sums_of_times_are_exact() -> None:
    async def main() -> list[float]:
        times = []
        for _ in range(10):
            await asyncio.sleep(0.1)
            times.append(time())
        return times

    assert run(main()) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_waiting_for_a_moment_between_two_nanoseconds_ends() -> None:
    async def main() -> float:
        deadline = 0.1 + 0.2
        while time() < deadline:  # noqa: ASYNC110 - this is what is tested
            await asyncio.sleep(deadline - time())
        return time()

    assert run(main()) == 0.300000001


def test_timers_for_one_moment_fire_in_the_order_they_were_set() -> None:
    async def main() -> list[int]:
        fired: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(60):
            loop.call_at(1.0, fired.append, number)
        await asyncio.sleep(2)
        return fired

    assert run(main()) == list(range(60))


def test_cancelled_timers_are_thrown_out() -> None:
    async def main() -> tuple[list[str], int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, EventLoop)
        fired: list[str] = []
        handles = [loop.call_later(5, fired.append, "never") for _ in range(300)]
        loop.call_later(5, fired.append, "once")
        for handle in handles:
            handle.cancel()
            handle.cancel()
        left = len(loop._timers)
        await asyncio.sleep(6)
        return fired, left

    fired, left = run(main())
    assert fired == ["once"]
    assert left < 150


def test_when_must_be_a_time() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TypeError, match="when cannot be None"):
            loop.call_at(None, print)  # type: ignore[arg-type]

    run(main())


def test_the_clock_stands_while_a_thread_works() -> None:
    async def main() -> tuple[list[str], float]:
        order: list[str] = []
        gate = threading.Event()

        async def ticking() -> None:
            await asyncio.sleep(0.001)
            order.append("tick")

        async with asyncio.TaskGroup() as group:
            group.create_task(ticking())
            job = group.create_task(asyncio.to_thread(gate.wait, 30))
            await asyncio.sleep(0)
            gate.set()
            await job
            order.append("job")
        return order, time()

    assert run(main()) == (["job", "tick"], 0.001)


def test_jobs_are_delivered_in_the_order_they_were_begun() -> None:
    async def main() -> list[int]:
        first = threading.Event()
        done: list[int] = []

        async def job(number: int) -> None:
            def work() -> None:
                if number == 0:
                    first.wait(30)
                elif number == 3:
                    first.set()

            await asyncio.to_thread(work)
            done.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(job(number))
        return done

    assert run(main()) == [0, 1, 2, 3]


def test_a_thread_that_nobody_announced_may_call() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        started = threading.Event()

        def call() -> None:
            started.wait(30)
            loop.call_soon_threadsafe(future.set_result, "called")

        thread = threading.Thread(target=call)
        thread.start()
        loop.call_soon(started.set)
        result = await future
        thread.join()
        return result

    assert run(main()) == "called"


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


def test_standstill_is_an_error_that_says_who_waits_where() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(forever(), name="the one that waits")
            await asyncio.sleep(1.5)

    with pytest.raises(DeadlockError) as caught:
        run(main())
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("deadlock at 1.500000000 s of virtual time")
    place = lines.index("  the one that waits: forever")
    assert lines[place + 1].endswith(" in forever")
    assert lines[-2:] == ["sockets:", "  none"]


def test_after_a_standstill_the_loop_can_still_clean_up() -> None:
    cleaned: list[str] = []

    async def main() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(1)
            cleaned.append("clean")

    with pytest.raises(DeadlockError):
        run(main())
    assert cleaned == ["clean"]


def test_ctrl_c_ends_the_program() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(5, os.kill, os.getpid(), signal.SIGINT)
        await asyncio.sleep(3600)

    with pytest.raises(KeyboardInterrupt):
        run(main())


def test_ctrl_c_ends_the_wait_for_a_thread() -> None:
    gate = threading.Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            gate.wait(30)

        try:
            await loop.run_in_executor(None, work)
        finally:
            gate.set()

    with pytest.raises(KeyboardInterrupt):
        run(main())


def test_signal_handlers() -> None:
    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        loop.add_signal_handler(signal.SIGUSR1, seen.append, "user")
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [
            *seen,
            loop.remove_signal_handler(signal.SIGUSR1),
            loop.remove_signal_handler(signal.SIGUSR1),
        ]

    assert run(main()) == ["user", True, False]


def test_asynchronous_generators_are_shut_down() -> None:
    ended: list[str] = []

    async def numbers() -> object:
        try:
            yield 1
        finally:
            ended.append("ended")

    async def main() -> None:
        generator = numbers()
        await anext(generator)  # type: ignore[call-overload]
        ended.append("main")

    run(main())
    assert ended == ["main", "ended"]


def test_a_callback_that_raises_is_reported_and_the_loop_goes_on() -> None:
    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        contexts: list[object] = []
        loop.set_exception_handler(lambda _, context: contexts.append(context["exception"]))
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)
        return contexts

    (error,) = run(main())
    assert isinstance(error, ZeroDivisionError)


def test_debug_mode_sees_calls_from_other_threads() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(loop.call_soon, print)

    with pytest.raises(RuntimeError, match="Non-thread-safe"):
        run(main(), debug=True)


def test_time_limits_are_those_of_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(31)
        return time()

    assert run(main()) == 30


def test_a_closed_loop_takes_nothing_and_can_be_closed_again() -> None:
    loop = EventLoop()
    loop.close()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


def test_the_executor_is_shut_down_at_the_end() -> None:
    async def main() -> threading.Thread:
        return await asyncio.to_thread(threading.current_thread)

    assert not run(main()).is_alive()


Check = Callable[[], Awaitable[None]]
