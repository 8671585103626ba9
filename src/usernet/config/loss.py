"""Loss models, in tc's words, and a burst form in the words of who measures loss.

::

    1%                                      each packet on its own
    1% 25%   random 1% 25%                  with a correlation; the rate stays 1 %
    gemodel P [R [1-H [1-K]]]               Gilbert-Elliott
    state P13 [P31 [P32 [P23 [P14]]]]       four states
    burst 2% 5                              2 % lost, in bursts of 5 packets on average
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from usernet.config import units
from usernet.config.words import Words

__all__ = ["FourState", "GilbertElliott", "Loss", "RandomLoss", "parse_loss"]

GRAMMAR = (
    "P [CORRELATION], random P [CORRELATION], gemodel P [R [1-H [1-K]]],"
    " state P13 [P31 [P32 [P23 [P14]]]] or burst P LENGTH, such as 1%"
)


@dataclass(frozen=True, slots=True)
class RandomLoss:
    """Loss with one probability for all packets.

    Attributes:
        p: The share of packets lost.
        correlation: Correlation of a packet's fate with the one's before; p holds all the same.
    """

    p: float
    correlation: float = 0.0

    @property
    def rate(self) -> float:
        """The long-run share of packets lost."""
        return self.p

    def __str__(self) -> str:
        """The text that `parse_loss` reads."""
        return _texts(self.p, self.correlation) if self.correlation else _texts(self.p)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        return {"model": "random", "p": self.p, "correlation": self.correlation}


@dataclass(frozen=True, slots=True)
class GilbertElliott:
    """Two states, good and bad, each with a loss of its own.

    Attributes:
        p: Probability of going from good to bad, a packet.
        r: Probability of going from bad to good, a packet.
        bad_loss: Loss in the bad state (1-h).
        good_loss: Loss in the good state (1-k).
    """

    p: float
    r: float
    bad_loss: float = 1.0
    good_loss: float = 0.0

    @property
    def rate(self) -> float:
        """The long-run share of packets lost: [(1-k) r + (1-h) p] / (p + r)."""
        if self.p + self.r == 0:
            return self.good_loss
        return (self.good_loss * self.r + self.bad_loss * self.p) / (self.p + self.r)

    def __str__(self) -> str:
        """The text that `parse_loss` reads."""
        return "gemodel " + _texts(self.p, self.r, self.bad_loss, self.good_loss)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        states = {"bad_loss": self.bad_loss, "good_loss": self.good_loss}
        return {"model": "gilbert_elliott", "p": self.p, "r": self.r, **states}


@dataclass(frozen=True, slots=True)
class FourState:
    """Four states: 1 gap, 2 burst received, 3 burst lost, 4 lost alone (Salsano et al. 2012).

    Attributes:
        p13: Probability of going from state 1 to state 3; the others likewise.
        p31: From 3 to 1.
        p32: From 3 to 2.
        p23: From 2 to 3.
        p14: From 1 to 4; from 4 it is always back to 1.
    """

    p13: float
    p31: float
    p32: float = 0.0
    p23: float = 1.0
    p14: float = 0.0

    @property
    def rate(self) -> float:
        """The long-run share of packets lost."""
        p13, p31, p32, p23, p14 = self.p13, self.p31, self.p32, self.p23, self.p14
        whole = p13 * p23 + p23 * p31 + p14 * p23 * p31 + p13 * p32
        return (p13 * p23 + p14 * p23 * p31) / whole if whole else 0.0

    def __str__(self) -> str:
        """The text that `parse_loss` reads."""
        return "state " + _texts(self.p13, self.p31, self.p32, self.p23, self.p14)

    def to_core(self) -> dict[str, object]:
        """The plain form for the engine."""
        names = ("p13", "p31", "p32", "p23", "p14")
        return {"model": "state", **{name: getattr(self, name) for name in names}}


Loss: TypeAlias = RandomLoss | GilbertElliott | FourState
"""Any of the loss models."""


def parse_loss(text: object, path: str = "loss") -> Loss | None:
    """Read a loss model; no loss is None.

    Raises:
        ConfigError: If it is none of the forms above, or a model that cannot be.
    """
    words = Words("0" if text == 0 else text, path, GRAMMAR)
    kind = words.upcoming()
    read = _MODELS.get(kind, _random)
    if kind in _MODELS:
        words.take("model")
    loss = read(words)
    words.end()
    return None if isinstance(loss, RandomLoss) and not loss.p else loss


def _random(words: Words) -> Loss:
    return RandomLoss(words.probability("probability"), words.probability("correlation", 0.0))


def _gemodel(words: Words) -> Loss:
    p = words.probability("p")
    r = words.probability("r", 1 - p)
    return GilbertElliott(p, r, words.probability("1-h", 1.0), words.probability("1-k", 0.0))


def _state(words: Words) -> Loss:
    p13 = words.probability("p13")
    p31 = words.probability("p31", 1 - p13)
    p32 = words.probability("p32", 0.0)
    loss = FourState(p13, p31, p32, words.probability("p23", 1.0), words.probability("p14", 0.0))
    if loss.p13 + loss.p14 > 1 or loss.p31 + loss.p32 > 1:
        raise words.error("more than 100% leaves a state", "p13 + p14 and p31 + p32 up to 100%")
    return loss


def _burst(words: Words) -> Loss:
    """A simple Gilbert chain: mean burst B = 1/r, loss P = p/(p+r)."""
    share = words.probability("probability")
    length = words.take("mean burst length")
    try:
        mean = float(length)
    except ValueError:
        mean = 0.0
    if not 1 <= mean <= units.LARGEST:
        raise words.error("a mean burst length below one packet", "1 or more, such as burst 2% 5")
    if share == 1 or share / (1 - share) / mean > 1:
        raise words.error("bursts this short cannot lose so much", "P up to LENGTH / (LENGTH + 1)")
    return GilbertElliott(share / (1 - share) / mean, 1 / mean) if share else RandomLoss(0.0)


_MODELS = {"random": _random, "gemodel": _gemodel, "state": _state, "burst": _burst}


def _texts(*probabilities: float) -> str:
    return " ".join(units.probability_text(p) for p in probabilities)
