"""Script: the page's modules joined into one, so that a browser asks once and not ten times.

Each stays as it is, in a scope of its own that hands out what it exports. A module names what it
imports in lines of their own, one for each module.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["joined"]

_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "/assets/([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|class|function) (\w+))", re.MULTILINE)


def joined(modules: Mapping[str, str], first: str) -> str:
    """One script that does what a module and all that it imports do.

    Args:
        modules: Their texts, by name.
        first: The name of the one that a page would start.
    """
    order: list[str] = []
    _follow(modules, first, order)
    return "".join(_scoped(modules[name]) for name in order)


def _follow(modules: Mapping[str, str], name: str, order: list[str]) -> None:
    """What a module imports comes before it, and each once."""
    for imported in _IMPORT.findall(modules[name]):
        if imported not in order:
            _follow(modules, imported, order)
    order.append(name)


def _scoped(text: str) -> str:
    given = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    return f"const {{ {given} }} = (() => {{\n{body}return {{ {given} }};\n}})();\n"
