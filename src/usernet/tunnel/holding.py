"""Holding: the tunnel that options mean, for whoever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.trace import line
from usernet.tunnel.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.tunnel.choice import WayOptions

__all__ = ["tunnel"]


def tunnel(options: WayOptions, warn: Callable[[str], None]) -> Tunnel:
    """The tunnel that options mean; it does not run yet.

    Raises:
        ConfigError: A file or an option is wrong.
        TraceError: A trace that the line names is not one.
    """
    given = {key: value for key, value in options.line.items() if value is not None}
    return Tunnel.from_file(
        *options.files,
        line=line.read(given) if given else None,
        split=options.split or None,
        warn=warn,
    )
