"""Answering wg: a tunnel of a program, as ``wg show`` sees it and ``wg set`` changes it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from usernet.wireguard.change import changed, placed

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from usernet.config.wireguard import TunnelConfig
    from usernet.tunnel.graph import Graph
    from usernet.tunnel.peers import Peers
    from usernet.tunnel.tunnel import Tunnel
    from usernet.tunnel.uapi_socket import UapiSocket
    from usernet.wireguard.change import Change
    from usernet.wireguard.status import DeviceStatus

__all__ = ["AnsweringWg"]


class AnsweringWg:
    """What `usernet.tunnel.uapi_socket.UapiSocket` asks and changes, in the loop of a tunnel.

    Args:
        name: The name, or the path of the socket.
        tunnel: The tunnel.
    """

    def __init__(self, name: str | Path, tunnel: Tunnel) -> None:
        self._name = name
        self._tunnel = tunnel
        self._running: tuple[asyncio.AbstractEventLoop, Graph, Peers, UapiSocket] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, graph: Graph, peers: Peers) -> None:
        """Answer from now on.

        Raises:
            ConfigError: No interface can have this name, or there can be no socket there.
            PrivilegeError: Only root can write to the folder that wg(8) looks into.
            OSError: Another tunnel has this name (EADDRINUSE).
        """
        from usernet.tunnel.uapi_socket import UapiSocket  # noqa: PLC0415 - start-up time

        asked = UapiSocket(self._name, self)
        loop.add_reader(asked, asked.serve)
        self._running = loop, graph, peers, asked

    def end(self) -> None:
        """Answer no more. Safe to call twice."""
        if self._running is not None:
            loop, _, _, asked = self._running
            self._running = None
            loop.remove_reader(asked)
            asked.close()

    # ---- a `UapiDevice` ----

    def config(self) -> TunnelConfig:
        """What the tunnel is to be."""
        return self._tunnel.config

    def status(self) -> DeviceStatus:
        """What it is doing."""
        return self._tunnel.status()

    def change(self, change: Change) -> None:
        """Have other peers; key and port of a tunnel stay.

        Raises:
            OSError: It is to have another key, or another port (EOPNOTSUPP).
            UsernetError: There can be no such peers.
        """
        before = self._tunnel.config
        new = changed(before, change)
        if new.private_key != before.private_key or (new.listen_port or 0) != (
            before.listen_port or 0
        ):
            problem = "a tunnel in a program keeps its key and its port"
            raise OSError(errno.EOPNOTSUPP, problem)
        assert self._running is not None, "only a tunnel that runs is asked"
        _, graph, peers, _ = self._running
        peers.become(new.peers)
        self._tunnel.config = new
        for one in placed(new, change):
            graph.set_peer(one)
