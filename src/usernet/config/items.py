"""Impairments on one line, for a command: ``loss=2% rate=1mbit``.

Items are parted by blanks. Words within a value are parted by commas (``loss=1%,25%``), or the
value stands in quotes (``loss="1% 25%"``). A flag may stand alone: ``ecn``.
"""

from __future__ import annotations

import shlex

from usernet.errors import ConfigError

__all__ = ["item_text", "parse_items"]

_FLAGS = ("allow_reordering", "down", "ecn")


def parse_items(text: str) -> dict[str, str]:
    """Part ``key=value`` items.

    Raises:
        ConfigError: If a quote is not closed, an item has no ``=``, or a key stands twice.
    """
    try:
        items = shlex.split(text)
    except ValueError as error:
        problem = f"broken quotes ({error})"
        raise ConfigError(problem, value=text, allowed='such as loss="1% 25%"') from None
    found: dict[str, str] = {}
    for item in items:
        key, value = _parted(item)
        if key in found:
            raise ConfigError("given twice", path=key, value=value, allowed="each key once")
        found[key] = value
    return found


def item_text(key: str, value: str) -> str:
    """One item, in quotes where the value needs them."""
    if key in _FLAGS and value == "true":
        return key
    commas = value if key in {"trace", "distribution"} else value.replace(" ", ",")
    return f"{key}={shlex.quote(commas)}" if commas != shlex.quote(commas) else f"{key}={commas}"


def _parted(item: str) -> tuple[str, str]:
    key, equals, value = item.partition("=")
    if not equals and key in _FLAGS:
        return key, "true"
    if not key or not value:
        raise ConfigError("not an item", value=item, allowed="KEY=VALUE, such as loss=2%")
    return key, value
