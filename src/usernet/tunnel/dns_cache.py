"""Cache: what name servers have said, for as long as they said (RFC 1035, RFC 2308)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.tunnel.dns_message import Question

__all__ = ["Cache", "Found"]

LONGEST = 86400
"""Seconds that an answer is kept at most: a day, as unbound(8) has it."""
LONGEST_NEGATIVE = 3600
"""Seconds that it is kept at most that something is not there (RFC 2308, 5: one to three hours)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a name.

    Attributes:
        addresses: Its addresses of one family; none where it has none, or is not there.
        ttl: For how many seconds that holds.
        exists: Whether there is such a name.
    """

    addresses: tuple[str, ...]
    ttl: int
    exists: bool = True


class Cache:
    """Answers by question; what is kept longest makes room where it is full.

    Args:
        size: How many answers are kept.
    """

    def __init__(self, size: int = 1000) -> None:
        self._size = size
        self._answers: dict[Question, tuple[float, Found]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, question: Question, now: float) -> Found | None:
        """What is known at this moment, in seconds; None where nothing is, or not any more."""
        until, found = self._answers.get(question, (0.0, None))
        if found is not None and now >= until:
            del self._answers[question]
            return None
        return found

    def put(self, question: Question, found: Found, now: float) -> None:
        """Keep an answer that came at this moment."""
        longest = LONGEST if found.addresses else LONGEST_NEGATIVE
        seconds = min(found.ttl, longest)
        self._answers.pop(question, None)
        if seconds <= 0:
            return
        if len(self._answers) >= self._size:
            self._make_room(now)
        self._answers[question] = now + seconds, found

    def _make_room(self, now: float) -> None:
        gone = [question for question, (until, _) in self._answers.items() if now >= until]
        for question in gone or [next(iter(self._answers))]:
            del self._answers[question]
