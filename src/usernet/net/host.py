"""Host: asyncio's own names, on a host of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.net.border import HostNetwork

__all__ = ["Host"]


class Host:
    """A host of a network."""

    def __init__(self, network: HostNetwork, name: str) -> None:
        self.network = network
        self.name = name
