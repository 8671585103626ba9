"""The options of every program that enters a tunnel, as a class that costs nothing to import.

``usernet.programs.options`` has the same class, with what cyclopts wants to know of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.programs.options import LineOptions

__all__ = ["SHORT", "TunnelOptions"]

SHORT = {"verbose": "-v"}
"""Options that have a short name, too."""


class TunnelOptions:
    """Which tunnel, and how to enter it.

    Args:
        wireguard: A file of wg-quick; several are read as one.
        timeout: How long a handshake, a name and a connection may take together, such as 10s.
        split: A domain whose names are the tunnel's, such as internal; all others are outside's.
        no_agent: Hold the tunnel in this process, instead of sharing one that stays for a minute.
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
        verbose: bool = False,
        line: LineOptions | None = None,
    ) -> None:
        self.wireguard = wireguard
        self.timeout = timeout
        self.split = split
        self.no_agent = no_agent
        self.verbose = verbose
        self.line = line
