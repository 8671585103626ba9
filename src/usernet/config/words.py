"""A cursor over the words of a composite value, such as ``codel target 5ms interval 100ms``.

Words are parted by blanks or by commas (``loss=1%,25%`` needs no quotes in a shell). Each word
that is read wrongly is an error that names the key, the word and what it should have been.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from usernet.config import units
from usernet.config.known import known
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Words"]

T = TypeVar("T")


class Words:
    """The words of one value, read from left to right."""

    __slots__ = ("_path", "_position", "_text", "_words")

    def __init__(self, text: object, path: str, grammar: str) -> None:
        if not isinstance(text, str):
            raise ConfigError("text is expected", path=path, value=repr(text), allowed=grammar)
        self._text = text
        self._path = path
        self._words = [word for word in re.split(r"[\s,]+", text) if word]
        self._position = 0

    @property
    def left(self) -> bool:
        """Whether a word is left."""
        return self._position < len(self._words)

    def upcoming(self) -> str:
        """The next word in lower case, without taking it; empty at the end."""
        return self._words[self._position].lower() if self.left else ""

    def take(self, what: str) -> str:
        """Take the next word; raises ConfigError if there is none."""
        if not self.left:
            raise self.error(f"{what} is missing")
        self._position += 1
        return self._words[self._position - 1]

    def accept(self, *keywords: str) -> bool:
        """Take the next word if it is one of these keywords."""
        found = self.upcoming() in keywords
        self._position += found
        return found

    def probability(self, what: str, default: float | None = None) -> float:
        """Take a probability, or the default where no word is left."""
        return self._read(units.probability, what, default)

    def duration(self, what: str, default: int | None = None) -> int:
        """Take a duration in nanoseconds, or the default where no word is left."""
        return self._read(units.nanoseconds, what, default)

    def rate(self, what: str) -> int:
        """Take a rate in bits per second."""
        return self._read(units.bits_per_second, what, None)

    def size(self, what: str) -> int:
        """Take a size in bytes."""
        return self._read(units.byte_count, what, None)

    def number(self, what: str, least: int = 0) -> int:
        """Take a whole number."""
        return units.number(self.take(what), path=self.under(what), least=least)

    def pairs(self, readers: Mapping[str, Callable[[str, str], object]]) -> dict[str, object]:
        """Take ``name value`` pairs to the end; each name once."""
        found: dict[str, object] = {}
        while self.left:
            name = known(self.take("a name").lower(), readers, path=self._path, what="parameter")
            if name in found:
                raise self.error(f"{name} is given twice")
            found[name] = readers[name](self.take(f"the value of {name}"), self.under(name))
        return found

    def end(self) -> None:
        """Raise ConfigError if a word is left."""
        if self.left:
            raise self.error(f"{self.upcoming()!r} is one word too many")

    def error(self, problem: str, allowed: str = "") -> ConfigError:
        """The error to raise about this value."""
        return ConfigError(problem, path=self._path, value=self._text, allowed=allowed)

    def under(self, name: str) -> str:
        """The key path of a part of this value."""
        return f"{self._path}.{name.replace(' ', '_')}"

    def _read(self, read: Callable[..., T], what: str, default: T | None) -> T:
        if default is not None and not self.left:
            return default
        return read(self.take(what), path=self.under(what))
