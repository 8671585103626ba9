"""Amounts as people read them: three digits and a unit, or all digits in groups of three."""

from __future__ import annotations

__all__ = ["count", "duration", "moment", "rate", "share", "size"]

_NARROW_SPACE = "\u202f"
_THOUSAND = 1000
_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_TIMES = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))


def count(number: int) -> str:
    """A number with all its digits: ``1 234 567``."""
    return f"{number:,}".replace(",", _NARROW_SPACE)


def rate(bits_per_second: float) -> str:
    """A rate: ``12.3 Mbit/s``."""
    return _prefixed(bits_per_second, "bit/s")


def size(number: float) -> str:
    """Bytes: ``1.25 MB``, of 1000 kB."""
    return _prefixed(number, "B")


def duration(ns: float) -> str:
    """A time: ``21 µs``."""
    unit, name = next((one for one in _TIMES if ns >= one[0]), _TIMES[-1])
    return f"{_digits(ns / unit)} {name}"


def moment(ns: int) -> str:
    """A moment of a run: ``12.5 s``, to the millisecond."""
    return f"{ns / 1e9:.3f}".rstrip("0").rstrip(".") + " s"


def share(part: float, whole: float) -> str:
    """A share: ``1.25 %``; none of nothing is ``0 %``."""
    return f"{_digits(100 * part / whole if whole else 0.0)} %"


def _prefixed(number: float, unit: str) -> str:
    step = 0
    while number >= _THOUSAND - 0.5 and step < len(_PREFIXES) - 1:
        number, step = number / _THOUSAND, step + 1
    return f"{_digits(number)} {_PREFIXES[step]}{unit}"


def _digits(number: float) -> str:
    """Three digits, or as many as stand before the point."""
    decimals = 0 if number >= 99.95 else 1 if number >= 9.995 else 2  # noqa: PLR2004
    text = f"{number:.{decimals}f}"
    shown = text.rstrip("0").rstrip(".") if decimals else text
    return f"{number:.1g}" if shown == "0" and number else shown
