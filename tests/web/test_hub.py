"""The hub: who watches hears what is, and of what follows each other closely the last."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from usernet.config.apps import Tee
from usernet.control import Control, Document
from usernet.net.emulation import Emulation, Ends
from usernet.web.hub import Hub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def control() -> Iterator[Control]:
    document = Document.of({})
    made = Control(Emulation(document.scenario, Ends(Tee(), Tee())), document)
    try:
        yield made
    finally:
        made.stop()


async def heard(events: AsyncIterator[bytes]) -> tuple[str, dict[str, object]]:
    event, data = (await anext(events)).decode().strip().splitlines()[-2:]
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_of_changes_close_together_the_last_is_told(control: Control) -> None:
    async def watch() -> list[tuple[str, object]]:
        hub = Hub(control)
        async with aclosing(hub.events()) as events:
            told = [await heard(events)]
            for number in range(5):
                control.patch({"up": {"delay": f"{number}ms"}})
            told.append(await heard(events))
            control.patch({"up": {"delay": "9ms"}})
            told.append(await heard(events))
        return [(kind, values["generation"]) for kind, values in told]

    assert asyncio.run(watch()) == [("present", 1), ("present", 6), ("present", 7)]


def test_what_is_not_told_yet_is_told_before_the_end(control: Control) -> None:
    async def watch() -> list[tuple[str, object]]:
        hub = Hub(control)
        events = hub.events()
        told = [await heard(events)]
        control.patch({"up": {"delay": "1ms"}})
        told.append(await heard(events))
        control.patch({"up": {"delay": "2ms"}})
        control.end()
        hub.close()
        told += [await heard(events), await heard(events)]
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        return [(kind, values["generation"]) for kind, values in told]

    assert asyncio.run(watch()) == [("present", 1), ("present", 2), ("present", 3), ("end", 3)]
