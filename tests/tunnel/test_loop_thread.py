"""An event loop on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from usernet.errors import EngineError
from usernet.tunnel.loop_thread import LoopThread


async def where() -> str:
    return threading.current_thread().name


async def forever(ended: threading.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


def test_a_call_runs_on_its_thread_and_gives_what_came_of_it() -> None:
    thread = LoopThread("names")
    assert thread.call(where()) == "names"
    thread.close()
    thread.close()
    with pytest.raises(EngineError, match="closed"):
        thread.call(where())
    assert "names" not in {one.name for one in threading.enumerate()}


def test_what_takes_too_long_is_cancelled() -> None:
    thread, ended = LoopThread("names"), threading.Event()
    with pytest.raises(TimeoutError):
        thread.call(forever(ended), 0.01)
    assert ended.wait(10)
    thread.close()


def test_jobs_end_with_it() -> None:
    thread, ended = LoopThread("names"), threading.Event()
    thread.start(forever(ended))
    thread.call(asyncio.sleep(0))
    thread.close()
    assert ended.is_set()


def test_a_job_that_fails_is_in_the_log_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise RuntimeError("on purpose")

    thread = LoopThread("names")
    with caplog.at_level(logging.ERROR):
        thread.start(fail())
        assert thread.call(where()) == "names"
    thread.close()
    assert "on purpose" in caplog.text
