"""The clients are twins by hand: what one of them can do, the other does in the same words."""

from __future__ import annotations

import inspect
import re

from usernet.client import blocking, client

WORDS = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aread": "read",
    "aiter_lines": "iter_lines",
    "asynchronous()": "blocking()",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "for a program on asyncio": "for a program that waits",
}
"""What is called differently where nobody awaits."""


def plain(source: str) -> list[str]:
    """The lines from the first class on, in words that both have."""
    _, first, rest = source.partition("\nclass ")
    text = re.sub(r"\basync |\bawait |\bBlocking|  # noqa.*", "", first + rest)
    for one, other in WORDS.items():
        text = text.replace(one, other)
    return text.splitlines()


def test_they_differ_in_nothing_but_waiting() -> None:
    assert plain(inspect.getsource(client)) == plain(inspect.getsource(blocking))
