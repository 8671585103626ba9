"""The shape of jitter: a name, or a table of one's own as in iproute2's ``.dist`` files.

A table holds whole numbers of 1/8192 of the jitter, at equally likely places of the inverse
distribution function: a packet is late by ``delay + jitter · T[random] / 8192``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

from usernet.config.known import known
from usernet.errors import ConfigError

__all__ = ["NAMES", "Distribution", "parse_distribution", "parse_table"]

NAMES = ("uniform", "normal", "pareto", "paretonormal")
"""The shapes that need no table; ``uniform`` is what netem does without one."""

Distribution: TypeAlias = str | tuple[int, ...]
"""One of `NAMES`, the path of a table that is not read yet, or the table."""

_MOST = 16384  # netem's NETEM_DIST_MAX
_INT16 = range(-32768, 32768)


def parse_distribution(value: object, path: str = "distribution") -> Distribution:
    """Read a name, a path (with a ``/`` or ending in ``.dist``) or a sequence of numbers.

    Raises:
        ConfigError: If it is none of them.
    """
    if isinstance(value, str):
        if "/" in value or value.endswith(".dist"):
            return value
        return known(value.lower(), NAMES, path=path, what="distribution")
    if isinstance(value, Sequence):
        return _checked(cast("Sequence[object]", value), path)
    allowed = f"{', '.join(NAMES)}, a .dist file or a table"
    raise ConfigError("not a distribution", path=path, value=repr(value), allowed=allowed)


def parse_table(text: str, *, file: str | None = None) -> tuple[int, ...]:
    """Read the text of a ``.dist`` file: whole numbers, ``#`` starts a comment.

    Raises:
        ConfigError: If it is not one; with the line.
    """
    numbers: list[int] = []
    for line, content in enumerate(text.splitlines(), start=1):
        try:
            numbers += [int(word) for word in content.partition("#")[0].split()]
        except ValueError:
            raise ConfigError("not whole numbers", file=file, line=line) from None
    try:
        return _checked(numbers, "")
    except ConfigError as error:
        raise error.located(file, None) from None


def _checked(numbers: Sequence[object], path: str) -> tuple[int, ...]:
    table = tuple(number for number in numbers if isinstance(number, int) and number in _INT16)
    if len(table) != len(numbers) or not 1 <= len(table) <= _MOST:
        allowed = f"1 to {_MOST} whole numbers from -32768 to 32767"
        raise ConfigError("not a table of a distribution", path=path, allowed=allowed)
    return table
