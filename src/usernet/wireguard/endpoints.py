"""Endpoints: where the peers are, looked up by the machine before a tunnel begins, and again."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from usernet.config.wireguard import Endpoint, TunnelConfig, WireGuard
from usernet.errors import UnknownNameError

if TYPE_CHECKING:
    from usernet.config.wireguard import Peer

__all__ = ["numeric"]

_Config = TypeVar("_Config", TunnelConfig, WireGuard)


def numeric(config: _Config) -> _Config:
    """The same with endpoints that are addresses, as the engine needs them.

    Raises:
        UnknownNameError: The machine does not know a name.
    """
    return replace(config, peers=tuple(map(_numeric, config.peers)))


def _numeric(peer: Peer) -> Peer:
    if peer.endpoint is None or peer.endpoint.address is not None:
        return peer
    host, port = peer.endpoint.host, peer.endpoint.port
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        told = f"{host}: the endpoint of a peer: unknown name ({error.strerror})"
        raise UnknownNameError(told) from error
    return replace(peer, endpoint=Endpoint(str(infos[0][4][0]), port))
