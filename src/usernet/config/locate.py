"""The line of a key in the text of a TOML file, which the standard parser does not tell."""

from __future__ import annotations

import re

__all__ = ["line_of"]

_TEXTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' + r"'''.*?'''|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|#[^\n]*",
    re.DOTALL,
)
_HEADER = re.compile(r"\s*\[(\[?)([^\[\]]+)\]")
_KEY = re.compile(r"\s*([^=\[\]{}]+?)\s*=(.*)")


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, of a key path such as ``at[1].set.down.rate``.

    Where the key itself stands in an inline table, it is the line of the nearest key outside;
    None where there is none of them. The text must be TOML.
    """
    lines = _lines(text)
    while path and path not in lines:
        path = re.sub(r"(\[\d+\]|\.?[^.\[]*)$", "", path, count=1)
    return lines.get(path)


def _lines(text: str) -> dict[str, int]:
    """Each key path that starts a line, and that line; the first where there are several."""
    found: dict[str, int] = {}
    entries: dict[str, int] = {}
    prefix = ""
    depth = 0
    for number, line in enumerate(_TEXTS.sub(_blanked, text).splitlines(), start=1):
        if depth == 0 and (header := _HEADER.match(line)):
            prefix = _table(header[2], entries, array=bool(header[1]))
            found.setdefault(prefix, number)
        elif depth == 0 and (key := _KEY.match(line)):
            found.setdefault(".".join(filter(None, (prefix, *_parts(key[1])))), number)
            depth = _depth(key[2])
        elif depth:
            depth += _depth(line)
    return found


def _blanked(match: re.Match[str]) -> str:
    """Take out what could be taken for syntax, and keep the lines."""
    text = match[0]
    if text.startswith("#"):
        return ""
    if text.startswith(('"""', "'''")):
        return "\n" * text.count("\n")
    return re.sub(r"[\[\]{}=.]", "_", text)


def _table(header: str, entries: dict[str, int], *, array: bool) -> str:
    """The key path of a table; counts the entries of arrays."""
    path = ""
    parts = _parts(header)
    for index, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if array and index == len(parts) - 1:
            entries[path] = entries.get(path, -1) + 1
        if path in entries:
            path = f"{path}[{entries[path]}]"
    return path


def _parts(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]


def _depth(line: str) -> int:
    return len(re.findall(r"[\[{]", line)) - len(re.findall(r"[\]}]", line))
