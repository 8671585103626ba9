"""Words of a command line of which the last part belongs to another program.

``usernet run --rtt 80ms curl --max-time 5 …``: what comes from the first word on that is no option
is not ours, whatever it looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import App

__all__ = ["marked"]

_END = "--"
_SHORT = {"ssh"}
"""Verbs whose programs have the short options, all of them."""


def marked(words: Sequence[str], verb: str, app: App) -> list[str]:
    """These words of a command line, with ``--`` before the first that belongs to the program.

    Args:
        words: As they were given, the verb first.
        verb: The verb behind which another program's words may stand.
        app: What knows the options of the verb.
    """
    if not words or words[0] != verb:
        return list(words)
    begin = _begin(words, _flags(app[verb]), ends_at_short=verb in _SHORT)
    if begin == len(words) or words[begin] == _END:
        return list(words)
    return [*words[:begin], _END, *words[begin:]]


def _begin(words: Sequence[str], flags: set[str], *, ends_at_short: bool) -> int:
    """Where the program's words begin: at ``--``, or at the first word that is no option."""
    ours = _END if ends_at_short else "-"
    index = 1
    while index < len(words):
        word = words[index]
        if word == _END or not word.startswith(ours):
            return index
        alone = word in flags or "=" in word or not word.startswith(_END)
        index += 1 if alone else 2
    return len(words)


def _flags(verb: App) -> set[str]:
    """The options that take no value."""
    arguments = verb.assemble_argument_collection()
    names = (one.names for one in arguments if not one.token_count()[0])
    return {name for every in names for name in every} | {"--help", "--version"}
