"""The options of every program that enters a tunnel, as a class that costs nothing to import.

``usernet.programs.options`` has the same class, with what cyclopts wants to know of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.programs.options import LineOptions
    from usernet.tunnel.way import Way

__all__ = ["SECONDS", "SHORT", "TunnelOptions"]

SHORT = {"verbose": "-v"}
"""Options that have a short name, too."""
SECONDS = 30.0
"""How long a connection may take to come about, where nothing is said."""


class TunnelOptions:
    """Which tunnel, and how to enter it.

    Args:
        wireguard: A file of wg-quick; several are read as one.
        timeout: How long the handshake, a name and a connection may take in all; 30s without it.
        split: A domain whose names are the tunnel's, such as internal; all others are outside's.
        no_agent: Hold the tunnel in this process, instead of sharing one that stays for a while.
        agent_idle: How long the shared tunnel stays when nobody uses it; 60s without it.
        verbose: Tell on standard error what is done, and how long it takes.
        line: What the line below the tunnel is like.
    """

    def __init__(
        self,
        *,
        wireguard: tuple[str, ...] = (),
        timeout: str | None = None,
        split: tuple[str, ...] = (),
        no_agent: bool = False,
        agent_idle: str | None = None,
        verbose: bool = False,
        line: LineOptions | None = None,
    ) -> None:
        self.wireguard = wireguard
        self.timeout = timeout
        self.split = split
        self.no_agent = no_agent
        self.agent_idle = agent_idle
        self.verbose = verbose
        self.line = line

    def enter(self) -> Way:
        """The way into the tunnel, which is entered when the way is first used.

        Raises:
            ConfigError: No file is named, or a file or an option is wrong.
        """
        from usernet.tunnel.choice import IDLE, WayOptions, way  # noqa: PLC0415 - start-up time

        if not self.wireguard:
            allowed = "--wireguard wg0.conf, a file of wg-quick"
            raise ConfigError("no tunnel is named", allowed=allowed)
        line = {} if self.line is None else vars(self.line)
        given = {name: value for name, value in line.items() if value not in (None, ())}
        idle = _seconds(self.agent_idle, "agent-idle", IDLE)
        return way(WayOptions(self.wireguard, given, self.split, not self.no_agent, idle))

    @property
    def seconds(self) -> float:
        """How long a connection may take to come about.

        Raises:
            ConfigError: It is no time.
        """
        return _seconds(self.timeout, "timeout", SECONDS)

    def say(self, text: str) -> None:
        """Tell a person who wants to know what is done."""
        if self.verbose:
            sys.stderr.write(f"usernet: {text}\n")
            sys.stderr.flush()


def _seconds(text: str | None, path: str, default: float) -> float:
    """A time in seconds, or the default where none is given."""
    if text is None:
        return default
    from usernet.config import units  # noqa: PLC0415 - start-up time

    return units.nanoseconds(text, path=path) / 1e9
