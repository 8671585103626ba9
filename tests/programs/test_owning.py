"""Owning: questions are answered, and of whom nobody is found it is said after some tries."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from usernet.engine.conversation import Conversation
from usernet.errors import EngineError
from usernet.programs import owning
from usernet.programs.owning import Owning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from usernet.net.emulation import Emulation

ONE = Conversation(6, ("192.0.0.2", 1), ("192.0.2.1", 80))
OTHER = Conversation(17, ("192.0.0.2", 2), ("192.0.2.1", 53))


class Asks:
    """An emulation that wants to know whose two conversations are."""

    is_by_process = True

    def __init__(self) -> None:
        self.told: dict[Conversation, frozenset[str]] = {}
        self.known = threading.Event()

    def tell_owners(self, found: Mapping[Conversation, frozenset[str]]) -> frozenset[Conversation]:
        self.told |= found
        if len(self.told) == 2:
            self.known.set()
            raise EngineError("stopped")
        return frozenset({ONE, OTHER} - set(self.told))


def test_each_is_told_and_nobody_only_after_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Conversation] = []

    def owners(
        network: int, conversations: Iterable[Conversation]
    ) -> Mapping[Conversation, frozenset[str]]:
        assert network == 5
        asked = list(conversations)
        looked.extend(asked)
        return {one: frozenset({"curl"} if one == ONE else ()) for one in asked}

    monkeypatch.setattr(owning, "owners", owners)
    asks = Asks()
    answering = Owning(cast("Emulation", asks), 5)
    assert asks.known.wait(20)
    answering.close()
    assert asks.told == {ONE: {"curl"}, OTHER: frozenset()}
    assert (looked.count(ONE), looked.count(OTHER)) == (1, 3)
