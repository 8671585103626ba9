"""Silence: whether the peers of a tunnel answer, and what a person is told where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.wireguard.silence import never, no_longer

if TYPE_CHECKING:
    from usernet.config.keys import PublicKey
    from usernet.wireguard.status import DeviceStatus, PeerStatus

__all__ = ["Silence"]

_LONG_NS = 6_000_000_000
"""As long as a call is waited for, and one more (WireGuard paper, 6.1: REKEY_TIMEOUT is 5 s)."""
_GONE_SECONDS = 20.0
"""After 15 s without an answer a peer is called anew, and has 5 s to answer that (there, 6.5)."""


class Silence:
    """Notices once that nobody answers at the other end of a tunnel, or that somebody does no more.

    Who has answered again may be told of again.
    """

    def __init__(self) -> None:
        self._since: int | None = None
        self._is_heard = False
        self._told: set[PublicKey] = set()

    def look(self, status: DeviceStatus, now_ns: int) -> str | None:
        """What there is to say now, if anything."""
        self._is_heard |= any(one.latest_handshake is not None for one in status.peers)
        if self._is_heard:
            return next(filter(None, map(self._gone, status.peers)), None)
        called = [one for one in status.peers if one.sent and one.public_key not in self._told]
        if not called:
            return None
        self._since = now_ns if self._since is None else self._since
        if now_ns - self._since < _LONG_NS:
            return None
        self._told |= {one.public_key for one in status.peers}
        return never(called[0], status.public_key)

    def _gone(self, peer: PeerStatus) -> str | None:
        """What to say of a peer that has stopped answering; once each time."""
        if peer.silent is None:
            self._told.discard(peer.public_key)
            return None
        if float(peer.silent) < _GONE_SECONDS or peer.public_key in self._told:
            return None
        self._told.add(peer.public_key)
        return no_longer(peer)
