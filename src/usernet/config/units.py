"""Durations, rates, sizes and probabilities as text, in the units of tc.

==============  =========================================================================
duration        ``ns us ms s min h``: ``40ms``; kept as whole nanoseconds
rate            ``bit kbit mbit gbit tbit`` count bits per second by thousands, ``kibit`` …
                by 1024; ``bps kbps`` … and ``kibps`` … count bytes per second
size            ``b`` is bytes; ``k``/``kb``/``kib``, ``m``/``mb``/``mib`` and
                ``g``/``gb``/``gib`` count by 1024, and so do ``kbit``, ``mbit``, ``gbit``
                (bits)
probability     ``%``: ``0.1%``; kept as a float from 0 to 1
==============  =========================================================================

A number needs its unit; only 0 means the same in all of them. Case does not matter, as in tc.
Each reader has a formatter that gives the shortest text which reads back as the same value.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, TypeAlias

from usernet.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LARGEST",
    "Duration",
    "Probability",
    "Rate",
    "Size",
    "bits_per_second",
    "byte_count",
    "duration_text",
    "nanoseconds",
    "number",
    "probability",
    "probability_text",
    "rate_text",
    "size_text",
]

Duration: TypeAlias = str | timedelta | int
"""Text such as ``40ms``, a timedelta, or 0."""
Rate: TypeAlias = str | int
"""Text such as ``20mbit``, or 0."""
Size: TypeAlias = str | int
"""Text such as ``64kb``, or 0."""
Probability: TypeAlias = str | int
"""Text such as ``1%``, or 0."""

LARGEST = 2**63 - 1
"""The largest count of nanoseconds, bits per second or bytes: 292 years, 9.2 Ebit/s, 8 EiB."""

_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*([a-z%]*)\s*", re.IGNORECASE | re.ASCII
)
_LONGEST_TEXT = 400

_TIMES = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_TIME_WORDS = {
    **_TIMES,
    **dict.fromkeys(("nsec", "nsecs"), 1),
    **dict.fromkeys(("usec", "usecs"), _TIMES["us"]),
    **dict.fromkeys(("msec", "msecs"), _TIMES["ms"]),
    **dict.fromkeys(("sec", "secs"), _TIMES["s"]),
}
_PREFIXES = ("", "k", "m", "g", "t")
_RATES = {f"{prefix}bit": 1000**i for i, prefix in enumerate(_PREFIXES)}
_RATE_WORDS = {
    **_RATES,
    **{f"{prefix}ibit": 1024**i for i, prefix in enumerate(_PREFIXES) if prefix},
    **{f"{prefix}bps": 8 * 1000**i for i, prefix in enumerate(_PREFIXES)},
    **{f"{prefix}ibps": 8 * 1024**i for i, prefix in enumerate(_PREFIXES) if prefix},
}
_SIZES = {"b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_SIZE_WORDS = {
    **_SIZES,
    **{f"{prefix}{b}": 1024**i for i, prefix in enumerate("kmg", start=1) for b in ("", "ib")},
    "kbit": 1024 // 8,
    "mbit": 1024**2 // 8,
    "gbit": 1024**3 // 8,
}


def nanoseconds(value: Duration, *, path: str = "duration") -> int:
    """Read a duration.

    Args:
        value: Text such as ``40ms``, a timedelta, or 0.
        path: The key to name in an error.

    Raises:
        UnitError: If the unit is missing or unknown, or the number negative or too large.
    """
    if isinstance(value, timedelta):
        micros = value // timedelta(microseconds=1)
        return _in_range(Decimal(micros) * 1000, value, path, "a duration")
    return _quantity(
        value, _TIME_WORDS, path, "a duration", "ns, us, ms, s, min or h, such as 40ms"
    )


def bits_per_second(value: Rate, *, path: str = "rate") -> int:
    """Read a rate, such as ``20mbit``; raises UnitError as `nanoseconds` does."""
    units = "bit, kbit, mbit, gbit or tbit, kibit …, or bps, kbps … for bytes, such as 20mbit"
    return _quantity(value, _RATE_WORDS, path, "a rate", units)


def byte_count(value: Size, *, path: str = "size") -> int:
    """Read a size, such as ``64kb`` (65536 bytes); raises UnitError as `nanoseconds` does."""
    return _quantity(value, _SIZE_WORDS, path, "a size", "b, kb, mb or gb, such as 64kb")


def probability(value: Probability, *, path: str = "probability") -> float:
    """Read a probability, such as ``1%``, as a float from 0 to 1.

    Raises:
        UnitError: If the ``%`` is missing, or the number is not from 0% to 100%.
    """
    amount, unit = _split(value, path, "a probability", "a percentage such as 1%")
    if not unit and amount:
        raise UnitError("a probability needs its unit", path=path, value=value, allowed="%, as 1%")
    if unit not in {"", "%"}:
        raise UnitError("a probability has no such unit", path=path, value=value, allowed="only %")
    if not 0 <= amount <= 100:  # noqa: PLR2004 - per cent
        raise UnitError("not a probability", path=path, value=value, allowed="0% to 100%")
    return float(amount.scaleb(-2))


def number(value: str | int, *, path: str, least: int = 0, most: int = LARGEST) -> int:
    """Read a plain whole number, which has no unit.

    Raises:
        UnitError: If it is not one, or not from ``least`` to ``most``.
    """
    text = str(value) if not isinstance(value, bool) else "?"
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or not least <= int(text) <= most:
        allowed = f"{least} to {most}" if most < LARGEST else f"{least} or more"
        raise UnitError("not a whole number in range", path=path, value=value, allowed=allowed)
    return int(text)


def duration_text(value: int) -> str:
    """The shortest exact text of some nanoseconds, of a number from 1: ``1.5s``."""
    whole = [f"{value // _TIMES[unit]}{unit}" for unit in ("min", "h") if not value % _TIMES[unit]]
    if value == 0:
        return "0s"
    return _shortest(value, {unit: _TIMES[unit] for unit in ("s", "ms", "us", "ns")}, whole)


def rate_text(value: int) -> str:
    """The shortest exact text of some bits per second, of a number from 1: ``1.5mbit``."""
    return _shortest(value, dict(reversed(_RATES.items())), []) if value else "0bit"


def size_text(value: int) -> str:
    """The shortest exact text of some bytes: ``64kb``."""
    whole = [f"{value // size}{unit}" for unit, size in _SIZES.items() if not value % size]
    return min(whole, key=len) if value else "0b"


def probability_text(value: float) -> str:
    """The shortest exact text of a probability: ``0.1%``."""
    percent = Decimal(repr(value)).scaleb(2).normalize()
    return min(f"{percent:f}%", f"{percent:e}%".replace("e+0%", "%"), key=len)


def _quantity(value: str | int, units: Mapping[str, int], path: str, what: str, names: str) -> int:
    amount, unit = _split(value, path, what, names)
    if not unit and amount:
        raise UnitError(f"{what} needs a unit", path=path, value=value, allowed=names)
    if unit and unit not in units:
        raise UnitError(f"{what} has no unit {unit!r}", path=path, value=value, allowed=names)
    return _in_range(amount * units.get(unit, 0), value, path, what)


def _split(value: object, path: str, what: str, names: str) -> tuple[Decimal, str]:
    """The number and the unit in lower case; numbers other than 0 must be text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        problem = f"{what} is text with a unit"
        told = value if value is None or isinstance(value, bool) else str(value)
        raise UnitError(problem, path=path, value=told, allowed=names)
    match = _NUMBER.fullmatch(value) if len(value) <= _LONGEST_TEXT else None
    if match is None:
        raise UnitError(f"not {what}", path=path, value=value[:40], allowed=f"a number and {names}")
    return Decimal(match[1]), match[2].lower()


def _in_range(amount: Decimal, value: object, path: str, what: str) -> int:
    if amount < 0:
        shown = str(value)
        raise UnitError(f"{what} cannot be negative", path=path, value=shown, allowed="0 or more")
    if amount > LARGEST:
        raise UnitError(f"{what} this large overflows", path=path, value=str(value)[:40])
    return int(amount.to_integral_value(ROUND_HALF_EVEN))


def _shortest(value: int, units: Mapping[str, int], others: list[str]) -> str:
    """The shortest of a number from 1 in each unit; of equals, the largest unit."""
    fitting = {unit: Decimal(value) / size for unit, size in units.items() if size <= value}
    return min(
        [*(f"{number.normalize():f}{unit}" for unit, number in fitting.items()), *others], key=len
    )
