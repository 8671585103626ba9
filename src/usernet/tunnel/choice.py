"""Choice: the way into a tunnel that a command's options mean: an agent's, or this process's own.

Little is imported before it is known which: a command that asks an agent starts at once.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.tunnel.way import Way

__all__ = ["WayOptions", "way"]

IDLE = 60.0
"""Seconds after which an agent that nobody uses leaves."""


class WayOptions(NamedTuple):
    """Which tunnel, and who is to hold it.

    Attributes:
        files: Files of wg-quick(8), read as one.
        line: What the line below the tunnel is like, by the names of `usernet.trace.line.read`.
        split: Domains whose names are the tunnel's, all others the machine's; all are the tunnel's
            where there are none.
        agent: Whether an agent may hold it, for all commands that want the same.
        idle: Seconds after which an agent that this starts leaves, when nobody uses it.
    """

    files: tuple[str, ...]
    line: Mapping[str, object] = {}
    split: tuple[str, ...] = ()
    agent: bool = True
    idle: float = IDLE


def way(options: WayOptions, *, warn: Callable[[str], None] | None = None) -> Way:
    """The way into a tunnel.

    Nothing is sent before it is used. An agent reads the files itself, so what is not a file (a
    pipe, such as ``/dev/stdin``) is held by this process.

    Args:
        options: Which tunnel.
        warn: Told what is no error and ought to be known; standard error where None.

    Raises:
        ConfigError: A file or an option is wrong.
        AuthenticationError: The folder of the agents' sockets is not this user's alone.
    """
    if options.agent and options.files and all(map(_is_file, options.files)):
        from usernet.tunnel.agent_client import AgentWay  # noqa: PLC0415 - start-up time

        return AgentWay(options, warn=warn or _warn)
    from usernet.tunnel import holders  # noqa: PLC0415 - start-up time
    from usernet.tunnel.holding import tunnel  # noqa: PLC0415 - start-up time
    from usernet.tunnel.own import OwnWay  # noqa: PLC0415 - start-up time

    made = tunnel(options, warn or _warn)
    if said := holders.told(made.config.private_key):
        (warn or _warn)(f"warning: {said}")
    return OwnWay(made)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True  # whoever reads it says what is wrong


def _warn(text: str) -> None:
    sys.stderr.write(f"usernet: {text}\n")
