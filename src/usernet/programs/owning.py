"""Says whose connections are whose, for flows that go by processes: beside the traffic."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from usernet.errors import EngineError
from usernet.sandbox.owners import owners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.engine.conversation import Conversation
    from usernet.net.emulation import Emulation

__all__ = ["Owning"]

_LOOK_SECONDS = 0.005
"""How often questions are looked for while there are flows by processes: a part of a round trip."""
_IDLE_SECONDS = 0.25
"""How often it is looked whether there are such flows."""
_TRIES = 3
"""How often nobody is found before it is said so: a table may be read before a socket is in it."""


class Owning:
    """A thread that answers whose connections are whose.

    Args:
        emulation: Who asks.
        network: The inode number of the network namespace whose processes are meant.
    """

    def __init__(self, emulation: Emulation, network: int) -> None:
        self._emulation = emulation
        self._network = network
        self._tries: dict[Conversation, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._answer, name="owners", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nothing any more."""
        self._ended.set()
        self._thread.join()

    def _answer(self) -> None:
        found: Mapping[Conversation, frozenset[str]] = {}
        with contextlib.suppress(EngineError):
            while not self._ended.wait(self._pause):
                if self._emulation.is_by_process:
                    asked = self._emulation.tell_owners(found)
                    found = self._found(asked) if asked else {}

    @property
    def _pause(self) -> float:
        return _LOOK_SECONDS if self._emulation.is_by_process else _IDLE_SECONDS

    def _found(self, asked: frozenset[Conversation]) -> Mapping[Conversation, frozenset[str]]:
        """What can be said: of whom nobody was found, once that is sure enough."""
        found = owners(self._network, asked)
        tries = {one: self._tries.get(one, 0) + 1 for one, names in found.items() if not names}
        self._tries = {one: count for one, count in tries.items() if count < _TRIES}
        return {one: names for one, names in found.items() if one not in self._tries}
