"""The hosts that filters name: looked up once, and again in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from usernet.engine.filters import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["AGAIN_SECONDS", "HostNames"]

AGAIN_SECONDS = 30.0
"""How often they are looked up again: many names on the internet are good for a minute."""


class HostNames:
    """Addresses of hosts by name.

    Whoever wants an address waits for the resolver the first time, and never again: a thread looks
    all of them up from time to time. A name that has none any more keeps those that it had.

    Args:
        resolve: Finds the addresses of a name; none where there are none.
        again: Seconds between two times.
    """

    def __init__(
        self,
        resolve: Callable[[str], Sequence[str]] = look_up,
        again: float = AGAIN_SECONDS,
    ) -> None:
        self._resolve = resolve
        self._again = again
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_news = False

    def addresses(self, name: str) -> Sequence[str]:
        """The addresses of a host; none where it has none."""
        with self._lock:
            known = self._known.get(name)
        if known is None:
            known = tuple(self._resolve(name))
            if known:
                self._remember(name, known)
        return known

    def take_news(self) -> bool:
        """Whether any address is another since this was last asked."""
        with self._lock:
            news, self._has_news = self._has_news, False
        return news

    def look_again(self) -> None:
        """Look all of them up now."""
        with self._lock:
            before = dict(self._known)
        for name, addresses in before.items():
            found = tuple(self._resolve(name))
            if found and found != addresses:
                with self._lock:
                    self._known[name], self._has_news = found, True

    def close(self) -> None:
        """Look nothing up any more; a look that is under way is not waited for."""
        self._ended.set()

    def _remember(self, name: str, addresses: tuple[str, ...]) -> None:
        with self._lock:
            self._known[name] = addresses
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._look, name="host names", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(self._again):
            self.look_again()
