"""Silence: whether the peers of a tunnel answer, and what a person is told where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Silence"]

_LONG_NS = 6_000_000_000
"""As long as a call is waited for, and one more (WireGuard paper, 6.1: REKEY_TIMEOUT is 5 s)."""


class Silence:
    """Notices once that nobody answers at the other end of a tunnel."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._is_over = False

    def look(self, status: DeviceStatus, now_ns: int) -> str | None:
        """What there is to say now, if anything."""
        called = [one for one in status.peers if one.sent]
        if self._is_over or not called:
            return None
        if any(one.latest_handshake is not None for one in status.peers):
            self._is_over = True
            return None
        self._since = now_ns if self._since is None else self._since
        if now_ns - self._since < _LONG_NS:
            return None
        self._is_over = True
        where = called[0].endpoint or "nowhere"
        return (
            f"no handshake with the peer {called[0].public_key} at {where}: is its public key "
            f"right, does it know ours ({status.public_key}) and the same preshared key, is the "
            "endpoint right, and do firewalls let UDP through?"
        )
