"""Change: what is to become of a running device, as ``wg set`` says it; and what then becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from usernet.config.keys import KEY_LENGTH, PresharedKey
from usernet.config.wireguard import Peer
from usernet.engine.keys import public_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usernet.config.address import Subnet
    from usernet.config.keys import PrivateKey, PublicKey
    from usernet.config.wireguard import Endpoint, TunnelConfig

__all__ = ["NO_PRESHARED_KEY", "Change", "PeerChange", "changed", "placed"]

NO_PRESHARED_KEY = PresharedKey(bytes(KEY_LENGTH))
"""What stands for no pre-shared key: all zeros, as in the protocol itself (paper, 5.4.2)."""


@dataclass(frozen=True, slots=True)
class PeerChange:
    """What is to become of a peer.

    Attributes:
        public_key: Which peer.
        removes: Whether it is to go.
        updates_only: Whether nothing is to happen where it is not there.
        preshared_key: Another pre-shared key, or `NO_PRESHARED_KEY`; None for the one that it has.
        endpoint: Another place; None for where it is.
        keepalive: Other seconds, 0 for never; None for those that it has.
        replaces_networks: Whether the networks that it has are no longer its own.
        networks: Networks that become its own (true), or no longer are, in this order.
    """

    public_key: PublicKey
    removes: bool = False
    updates_only: bool = False
    preshared_key: PresharedKey | None = None
    endpoint: Endpoint | None = None
    keepalive: int | None = None
    replaces_networks: bool = False
    networks: tuple[tuple[bool, Subnet], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a device.

    Attributes:
        private_key: Another private key; None for the one that it has.
        listen_port: Another port, 0 for any that is free; None for the one that it has.
        replaces_peers: Whether it keeps none of its peers but those that are named.
        peers: What is to become of these, one after the other.
    """

    private_key: PrivateKey | None = None
    listen_port: int | None = None
    replaces_peers: bool = False
    peers: tuple[PeerChange, ...] = ()


def changed(config: TunnelConfig, change: Change) -> TunnelConfig:
    """What a tunnel becomes by a change.

    As in Linux, a network that was another peer's is its own now who names it, and a device is no
    peer of itself: a list of peers may be the same for all of them.

    Args:
        config: The tunnel.
        change: What is to become of it.
    """
    private_key = change.private_key or config.private_key
    own = public_key(private_key)
    peers = _Peers(() if change.replaces_peers else config.peers)
    for one in change.peers:
        if one.public_key != own:
            peers.change(one)
    port = config.listen_port if change.listen_port is None else change.listen_port
    return replace(config, private_key=private_key, listen_port=port, peers=peers.all())


def placed(config: TunnelConfig, change: Change) -> Iterator[Peer]:
    """The peers of a tunnel whose place a change has said: they are there, wherever they were."""
    said = {one.public_key for one in change.peers if one.endpoint is not None}
    return (one for one in config.peers if one.public_key in said)


class _Peers:
    """Peers while they change, and whose each network is."""

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._peers = {one.public_key: one for one in peers}
        self._networks = {key: dict.fromkeys(one.allowed_ips) for key, one in self._peers.items()}
        self._owners = {
            subnet: one.public_key for one in self._peers.values() for subnet in one.allowed_ips
        }

    def all(self) -> tuple[Peer, ...]:
        """The peers as they are now."""
        return tuple(
            replace(one, allowed_ips=tuple(self._networks[key])) for key, one in self._peers.items()
        )

    def change(self, change: PeerChange) -> None:
        """Let one become what it is to be."""
        key = change.public_key
        if change.removes or change.replaces_networks:
            self._disown(key)
        if change.removes:
            self._peers.pop(key, None)
            self._networks.pop(key, None)
        elif key in self._peers or not change.updates_only:
            self._peers[key] = _with(self._peers.get(key, Peer(key)), change)
            self._take(change)

    def _disown(self, key: PublicKey) -> None:
        for subnet in self._networks.get(key, ()):
            del self._owners[subnet]
        self._networks[key] = {}

    def _take(self, change: PeerChange) -> None:
        key = change.public_key
        own = self._networks.setdefault(key, {})
        for adds, subnet in change.networks:
            if adds:
                self._networks[self._owners.get(subnet, key)].pop(subnet, None)
                own[subnet] = None
                self._owners[subnet] = key
            elif subnet in own:
                del own[subnet], self._owners[subnet]


def _with(peer: Peer, change: PeerChange) -> Peer:
    """A peer as a change has it, but for its networks."""
    preshared = change.preshared_key or peer.preshared_key
    keepalive = peer.persistent_keepalive if change.keepalive is None else change.keepalive
    return replace(
        peer,
        endpoint=change.endpoint or peer.endpoint,
        preshared_key=None if preshared == NO_PRESHARED_KEY else preshared,
        persistent_keepalive=keepalive or None,
    )
