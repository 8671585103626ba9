"""Holders: who else of this user holds a tunnel with the same key."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from usernet.errors import AuthenticationError
from usernet.tunnel import agent_folder
from usernet.tunnel.agent_client import running

if TYPE_CHECKING:
    from usernet.config.keys import PrivateKey

__all__ = ["told"]

_PATIENCE = 2.0
"""Seconds that each of them gets to say which key it has."""


def told(private: PrivateKey) -> str | None:
    """What a person ought to know before another holder of this key begins; None if nothing.

    A peer answers the holder of a key that it heard last, so two that send take turns: whoever has
    lost the peer notices after 15 s (WireGuard paper, 6.5).
    """
    with contextlib.suppress(AuthenticationError):  # then there are no agents of ours
        if not agent_folder.sockets():
            return None
        from usernet.engine.keys import public_key  # noqa: PLC0415 - start-up time

        own = public_key(private)
        for path, status in running(_PATIENCE):
            if status.public_key == own:
                return f"{_who(path, status.name)} holds this key already: {_WHAT_THEN}"
    return None


_WHAT_THEN = "two at once stall each other for up to 15 s, so give each a key of its own"


def _who(path: str, name: str) -> str:
    return f"`{name}`" if agent_folder.is_own(path) else f"an agent, for {name},"
