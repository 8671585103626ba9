"""Holding: the tunnel that options mean, for whoever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.tunnel.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.net.network import Line
    from usernet.tunnel.choice import WayOptions

__all__ = ["tunnel"]


def tunnel(options: WayOptions, warn: Callable[[str], None]) -> Tunnel:
    """The tunnel that options mean; it does not run yet.

    Raises:
        ConfigError: A file or an option is wrong.
        TraceError: A trace that the line names is not one.
    """
    return Tunnel.from_file(
        *options.files, line=_line(options), split=options.split or None, warn=warn
    )


def _line(options: WayOptions) -> Line | None:
    given = {key: value for key, value in options.line.items() if value is not None}
    if not given:
        return None
    from usernet.trace import line  # noqa: PLC0415 - start-up time

    return line.read(given)
