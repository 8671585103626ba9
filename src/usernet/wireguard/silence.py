"""What a person is told of a peer that does not answer, or does no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.config.keys import PublicKey
    from usernet.wireguard.status import PeerStatus

__all__ = ["never", "no_longer"]


def never(peer: PeerStatus, own: PublicKey, within: str = "") -> str:
    """The words for one that has never answered.

    Args:
        peer: The peer.
        own: Our own public key.
        within: How long was waited, such as `` within 5 s``.
    """
    return (
        f"no handshake with the peer {peer.public_key} at {_place(peer)}{within}: is its public key"
        f" right, does it know ours ({own}) and the same preshared key, is the endpoint right, and"
        " do firewalls let UDP through?"
    )


def no_longer(peer: PeerStatus) -> str:
    """The words for one that has answered before."""
    seconds = 0.0 if peer.silent is None else float(peer.silent)
    return (
        f"the peer {peer.public_key} at {_place(peer)} no longer answers: nothing has come from it"
        f" for {seconds:.0f} s; does it still run, and is there still a way to it?"
    )


def _place(peer: PeerStatus) -> str:
    return peer.endpoint or "nowhere"
