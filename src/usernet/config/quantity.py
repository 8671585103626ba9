"""Quantities: measured numbers that compare with text, ``flow.goodput >= "5mbit"``.

Each is a float in the base unit (bits per second, bytes, seconds, a share from 0 to 1), so that
one can calculate with it; printed it has four digits and its unit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from usernet.config import units

__all__ = ["Bitrate", "ByteSize", "Quantity", "Share", "Span"]


class Quantity(float):
    """A measured number with a unit; it compares with numbers, and with text that has the unit.

    Raises:
        UnitError: It is compared with text that is no such quantity.
    """

    __slots__ = ()
    _steps: ClassVar[tuple[tuple[float, str], ...]] = ((1, ""),)
    """Units from the smallest to the largest, each with its size."""

    def __lt__(self, other: float | str | timedelta) -> bool:
        return float.__lt__(self, self._number(other))

    def __le__(self, other: float | str | timedelta) -> bool:
        return float.__le__(self, self._number(other))

    def __gt__(self, other: float | str | timedelta) -> bool:
        return float.__gt__(self, self._number(other))

    def __ge__(self, other: float | str | timedelta) -> bool:
        return float.__ge__(self, self._number(other))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, timedelta)):
            other = self._number(other)
        return float.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return float.__hash__(self)

    def __str__(self) -> str:
        size, unit = self._steps[0]
        for size, unit in reversed(self._steps):  # noqa: B007 - the last stays where none fits
            if abs(float(self)) >= size:
                break
        return f"{float(self) / size:.4g}{unit}"

    __repr__ = __str__

    @classmethod
    def read(cls, text: str) -> float:
        """Text as a number in the base unit.

        Raises:
            UnitError: It is no such quantity.
        """
        return float(text)

    @classmethod
    def _number(cls, other: float | str | timedelta) -> float:
        """The other side of a comparison, in the base unit."""
        if isinstance(other, timedelta):
            return other.total_seconds()
        return cls.read(other) if isinstance(other, str) else other


class Bitrate(Quantity):
    """Bits per second: ``5mbit``."""

    __slots__ = ()
    _steps = ((1, "bit"), (1e3, "kbit"), (1e6, "mbit"), (1e9, "gbit"))

    @classmethod
    def read(cls, text: str) -> float:
        """Text as a number in the base unit."""
        return units.bits_per_second(text)


class ByteSize(Quantity):
    """Bytes: ``64kb`` is 65536."""

    __slots__ = ()
    _steps = ((1, "b"), (1 << 10, "kb"), (1 << 20, "mb"), (1 << 30, "gb"))

    @classmethod
    def read(cls, text: str) -> float:
        """Text as a number in the base unit."""
        return units.byte_count(text)


class Span(Quantity):
    """Seconds: ``40ms`` is 0.04."""

    __slots__ = ()
    _steps = ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1, "s"))

    @classmethod
    def read(cls, text: str) -> float:
        """Text as a number in the base unit."""
        return units.nanoseconds(text) / 1e9


class Share(Quantity):
    """A share from 0 to 1: ``2%`` is 0.02."""

    __slots__ = ()
    _steps = ((1e-2, "%"),)

    @classmethod
    def read(cls, text: str) -> float:
        """Text as a number in the base unit."""
        return units.probability(text)
