"""The peers of a tunnel that come and go while it runs, beside those of its config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from usernet.config.keys import PublicKey

if TYPE_CHECKING:
    from usernet._core import Tunnel
    from usernet.config.wireguard import Peer

__all__ = ["TunnelPeers"]


class TunnelPeers:
    """Peers of a tunnel; `usernet.engine.Engine.tunnel` finds it.

    They are no part of the topology: another config of the tunnel neither knows nor ends them.

    Attributes:
        key: What `usernet.engine.Engine.drain` calls the tunnel: it is readable while strangers
            wait of whom nobody has been told.
    """

    def __init__(self, core: Tunnel) -> None:
        self._core = core
        self.key: int = core.key

    def strangers(self) -> list[PublicKey]:
        """Who has called and is no peer, each once; a call waits for 5 s, and `set` answers it.

        Raises:
            ConfigError: The tunnel has stopped.
            EngineError: The engine has stopped.
        """
        return [PublicKey(key) for key in self._core.strangers()]

    def refuse(self, stranger: PublicKey) -> None:
        """Nobody knows this stranger, whose call need not wait any longer.

        Raises:
            ConfigError: The tunnel has stopped.
            EngineError: The engine has stopped.
        """
        self._core.refuse(bytes(stranger))

    def set(self, peer: Peer) -> None:
        """Add a peer, or say something else of one; a network that was another's is its own now.

        Raises:
            ConfigError: It cannot be: its endpoint is a name, or its key none; or the tunnel has
                stopped.
            EngineError: The engine has stopped.
        """
        self._core.set_peer(json.dumps(peer.to_core()))

    def remove(self, peer: PublicKey) -> bool:
        """Forget a peer and all keys shared with it; whether there was one.

        Raises:
            ConfigError: The tunnel has stopped.
            EngineError: The engine has stopped.
        """
        return self._core.remove_peer(bytes(peer))
