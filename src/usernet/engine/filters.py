"""Filters: pcap-filter expressions (pcap-filter(7)), compiled by libpcap's own compiler.

Two words are ours: ``remote`` and ``local`` are the sides of a line, whichever way a packet goes:
``remote host 10.0.0.2`` is ``dst host 10.0.0.2`` upwards, and ``src host 10.0.0.2`` downwards.
Names of hosts are looked up by us, all their addresses, so that they can be looked up again.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from usernet.engine import expression as language
from usernet.engine.libpcap import compiled
from usernet.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usernet.config.apps import Program
    from usernet.engine.expression import Direction, Word

__all__ = ["compile_filter", "look_up"]

_MOST_WORDS = 256
_ENDS = (
    *(
        "",
        "1",
        "host 02:00:00:00:00:01",
        "1.2.3.4",
        "::1",
        "udp",
        "02:00:00:00:00:01",
        "host 1.2.3.4",
        "port 1",
        "10.0.0.0/8",
    ),
    *("= 1", "1 = 1", "1] = 1", "] = 1", "+ 1 = 1", ":1] = 1", "255.0.0.0", "1-2", "ip", "\\tcp"),
)
"""What the beginning of an expression could go on with, and end."""


def look_up(name: str) -> tuple[str, ...]:
    """The numeric addresses of a host, by the machine's own resolver; none where it has none."""
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(info[4][0]).partition("%")[0] for info in infos}))


def compile_filter(
    expression: str,
    *,
    ethernet: bool = True,
    direction: Direction | None = None,
    resolve: Callable[[str], Sequence[str]] = look_up,
) -> Program:
    """Compile a filter such as ``udp and port 3478``.

    Args:
        expression: The filter; an empty one matches everything.
        ethernet: Whether packets start with an Ethernet header, or with the IP header.
        direction: Which way the packets go, for ``remote`` and ``local``; None knows neither.
        resolve: Finds the numeric addresses of a host by its name.

    Raises:
        FilterError: The expression is wrong; it says where.
        ConfigError: libpcap is not installed.
    """
    found = language.words(expression)
    if len(found) > _MOST_WORDS:
        place = found[_MOST_WORDS].place
        raise FilterError("too long", value=expression, position=place, allowed="256 words")

    def addresses(word: Word) -> Sequence[str]:
        numeric = resolve(word.text)
        if not numeric:
            problem = f"{_where(word)}: neither a word of pcap-filter(7) nor a host that is known"
            raise FilterError(problem, value=expression, position=word.place)
        return numeric

    texts = language.text_for(found, direction, addresses)
    program = compiled(" ".join(texts), ethernet=ethernet)
    if isinstance(program, str):
        raise _error(expression, found, texts, program, ethernet=ethernet)
    return program


def _where(word: Word) -> str:
    return f'"{word.text}" at letter {word.place + 1}'


def _error(
    expression: str, found: Sequence[Word], texts: Sequence[str], problem: str, *, ethernet: bool
) -> FilterError:
    """What libpcap says, and of which word: the first after which nothing could make it right."""
    problem = problem.removeprefix("can't parse filter expression: ")
    for index, word in enumerate(found):
        beginning = " ".join(texts[: index + 1])
        closing = ")" * max(0, beginning.count("(") - beginning.count(")"))
        ends = (f"{beginning} {end} {closing}" for end in _ENDS)
        if not any(isinstance(compiled(end, ethernet=ethernet), tuple) for end in ends):
            return FilterError(
                f"{_where(word)}: {problem}",
                value=expression,
                position=word.place,
                allowed="pcap-filter(7)",
            )
    return FilterError(
        f"something is missing at the end: {problem}",
        value=expression,
        position=len(expression),
        allowed="pcap-filter(7)",
    )
