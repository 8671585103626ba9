"""The keywords of `usernet.tunnel.tunnel.Tunnel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from usernet.config.socket_options import Congestion
    from usernet.net.network import Line

__all__ = ["TunnelKeys"]


class TunnelKeys(TypedDict, total=False):
    """Keywords of `Tunnel`."""

    line: Line | None
    congestion: Congestion
    pcap: str | Path | None
    seed: int | None
    split: Sequence[str] | None
    name: str
    uapi: str | Path | None
    workers: int
