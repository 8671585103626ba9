"""Bridge: events reach who watches, in their context, and none gets lost."""

from __future__ import annotations

import asyncio
import contextvars
import os

import pytest

from usernet.net.bridge import FAILED, GONE, READABLE, WRITABLE, Bridge


class Events:
    """An engine that has these events, one batch a call."""

    def __init__(self, *batches: list[tuple[int, int]]) -> None:
        self.batches = list(batches)
        self.reader, self.writer = os.pipe()

    def fileno(self) -> int:
        return self.reader

    def drain(self) -> list[tuple[int, int]]:
        return self.batches.pop(0) if self.batches else []

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


def test_events_reach_their_watchers_in_order() -> None:
    seen: list[tuple[str, int]] = []
    events = Events([(2, READABLE), (1, WRITABLE), (9, FAILED)])
    bridge = Bridge(events)
    context = contextvars.copy_context()
    bridge.watch(1, context, lambda flags: seen.append(("one", flags)))
    bridge.watch(2, context, lambda flags: seen.append(("two", flags)))
    bridge.dispatch()
    assert seen == [("two", READABLE), ("one", WRITABLE)]
    events.close()


def test_who_forgets_hears_nothing_more() -> None:
    seen: list[int] = []
    events = Events([(1, READABLE), (2, READABLE)])
    bridge = Bridge(events)
    context = contextvars.copy_context()
    bridge.watch(1, context, lambda _: bridge.forget(2))
    bridge.watch(2, context, seen.append)
    bridge.dispatch()
    assert seen == []
    events.close()


def test_watchers_are_called_in_their_context() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    seen: list[str] = []
    events = Events([(1, READABLE)])
    bridge = Bridge(events)
    context = contextvars.copy_context()
    context.run(name.set, "somebody")
    bridge.watch(1, context, lambda _: seen.append(name.get()))
    bridge.dispatch()
    assert seen == ["somebody"]
    events.close()


def test_an_exception_loses_no_event() -> None:
    seen: list[int] = []
    events = Events([(1, READABLE), (2, READABLE)], [(2, WRITABLE)])
    bridge = Bridge(events)
    context = contextvars.copy_context()

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    bridge.watch(1, context, interrupt)
    bridge.watch(2, context, seen.append)
    with pytest.raises(KeyboardInterrupt):
        bridge.dispatch()
    bridge.dispatch()
    assert seen == [READABLE, WRITABLE]
    events.close()


def test_a_loop_in_real_time_dispatches() -> None:
    async def main() -> list[int]:
        seen: asyncio.Queue[int] = asyncio.Queue()
        events = Events([(1, READABLE)], [(1, WRITABLE)])
        bridge = Bridge(events)
        bridge.attach(asyncio.get_running_loop())
        bridge.watch(1, contextvars.copy_context(), seen.put_nowait)
        bridge.soon()
        first = await seen.get()
        os.write(events.writer, b"!")
        second = await seen.get()
        bridge.detach()
        events.close()
        return [first, second]

    assert asyncio.run(main()) == [READABLE, WRITABLE]


def test_the_end_is_told_to_all_who_watch() -> None:
    seen: list[int] = []
    events = Events()
    bridge = Bridge(events)
    bridge.watch(1, contextvars.copy_context(), seen.append)
    bridge.close()
    assert (seen, bridge.closed) == ([GONE], True)
    events.close()
