"""Readiness: edges in, levels out, and who waits is woken by what it waits for."""

from __future__ import annotations

import asyncio

from usernet.net.bridge import CONNECTED, FAILED, READABLE, WRITABLE
from usernet.net.readiness import Readiness


def test_what_happened_may_be_possible_until_an_attempt_fails() -> None:
    ready = Readiness()
    assert not ready.readable
    assert not ready.writable
    ready.happened(READABLE)
    ready.happened(WRITABLE)
    assert ready.readable
    assert ready.writable
    ready.nothing_to_read()
    assert (ready.readable, ready.writable) == (False, True)
    ready.no_room()
    assert not ready.writable
    ready.happened(FAILED)
    assert ready.readable
    assert ready.writable


def test_who_waits_is_woken_by_what_it_waits_for() -> None:
    async def main() -> list[bool]:
        ready = Readiness()
        loop = asyncio.get_running_loop()
        reader, writer = ready.wait(loop, write=False), ready.wait(loop, write=True)
        gone = ready.wait(loop, write=False)
        gone.cancel()
        ready.happened(READABLE)
        states = [reader.done(), writer.done()]
        ready.happened(CONNECTED)
        return [*states, writer.done()]

    assert asyncio.run(main()) == [True, False, True]
