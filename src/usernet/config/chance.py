"""A probability and its correlation, as of duplicate, corrupt and reorder: ``1% 25%``."""

from __future__ import annotations

from dataclasses import dataclass

from usernet.config import units
from usernet.config.words import Words

__all__ = ["Chance"]

_GRAMMAR = "PROBABILITY [CORRELATION], such as 1% 25%"


@dataclass(frozen=True, slots=True)
class Chance:
    """How often something happens to a packet.

    Attributes:
        p: The probability, 0 to 1.
        correlation: How much each packet's fate is like that of the one before, 0 to 1; p holds
            whatever the correlation.
    """

    p: float
    correlation: float = 0.0

    @classmethod
    def parse(cls, text: object, path: str) -> Chance | None:
        """Read ``PROBABILITY [CORRELATION]``; never is None."""
        words = Words("0" if text == 0 else text, path, _GRAMMAR)
        chance = cls(words.probability("probability"), words.probability("correlation", 0.0))
        words.end()
        return chance if chance.p else None

    def __str__(self) -> str:
        """The text that `parse` reads."""
        texts = [units.probability_text(self.p)]
        if self.correlation:
            texts.append(units.probability_text(self.correlation))
        return " ".join(texts)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {"p": self.p, "correlation": self.correlation}
