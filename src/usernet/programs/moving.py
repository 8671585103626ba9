"""Moving: peers of a tunnel that are named, and whose names may come to mean another address.

A peer that has stopped answering may have moved: its name is looked up again, as scripts beside
wg-quick(8) do it. That happens on a thread of its own, since the machine's resolver may take long.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from usernet.errors import UnknownNameError
from usernet.wireguard.endpoints import numeric

if TYPE_CHECKING:
    from usernet.config.keys import PublicKey
    from usernet.config.wireguard import Peer, TunnelConfig
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Moving"]

_SILENCE_NS = 15_000_000_000
"""As long as WireGuard itself waits before it shakes hands anew (WireGuard paper, 6.5)."""


@dataclass(slots=True)
class _Seen:
    sent: int = 0
    received: int = 0
    since: int | None = None


class Moving:
    """Looks the names of silent peers up again.

    Args:
        named: The tunnel, as its file has it.
        found: The same with the addresses that were found.
    """

    def __init__(self, named: TunnelConfig, found: TunnelConfig) -> None:
        self._named = named
        self._peers = found.peers
        self._seen: dict[PublicKey, _Seen] = {}
        self._asking: Thread | None = None
        self._answer: tuple[Peer, ...] = found.peers
        self._may_move: bool = named.peers != found.peers

    def look(self, status: DeviceStatus, now_ns: int) -> tuple[Peer, ...] | None:
        """Where the peers are now, if that has changed since the last look."""
        if not self._may_move:
            return None
        if any(self._is_lost(status, index, now_ns) for index in range(len(status.peers))):
            self._ask()
        if self._asking is None or self._asking.is_alive():
            return None
        self._asking = None
        moved, self._peers = self._peers != self._answer, self._answer
        return self._peers if moved else None

    def _is_lost(self, status: DeviceStatus, index: int, now_ns: int) -> bool:
        """Whether a peer has been silent for long; once for each such while."""
        peer = status.peers[index]
        seen = self._seen.setdefault(peer.public_key, _Seen())
        sent, received = int(peer.sent), int(peer.received)
        if received > seen.received:
            seen.since = None
        elif sent > seen.sent and seen.since is None:
            seen.since = now_ns
        seen.sent, seen.received = sent, received
        if seen.since is None or now_ns - seen.since < _SILENCE_NS:
            return False
        seen.since = now_ns
        return True

    def _ask(self) -> None:
        if self._asking is None:
            self._asking = Thread(target=self._look_up, daemon=True)
            self._asking.start()

    def _look_up(self) -> None:
        try:
            self._answer = numeric(self._named).peers
        except UnknownNameError:  # where they were before is the best that is known
            return
