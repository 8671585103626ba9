"""Followed: a connection by a way, and how it ended, which its stream alone does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["GRACE", "Followed"]

GRACE = 2.0
"""Seconds to wait for the end to be told. Both ends are here by then, but for their last answer."""


class Followed(NamedTuple):
    """A connection that somebody follows to its end.

    A stream of the Unix family ends alike whether the connection was closed or reset.
    """

    stream: socket.socket
    """As `Way.dial` gives it."""
    ended: Callable[[], str]
    """How it ended, asked once after the stream has: ``closed``, ``reset``, ``timed out`` or
    ``unreachable``."""
