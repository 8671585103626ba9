"""Peers: which of them leads where, whether it answers, and where it is if its name means another.

A peer that has stopped answering may have moved: its name is resolved again, as scripts beside
wg-quick(8) do it. That happens beside the event loop, which never waits for the machine's resolver.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from usernet.engine.keys import public_key
from usernet.errors import EngineError, HandshakeError
from usernet.tunnel.beside import beside
from usernet.wireguard.endpoints import Place, placed, places
from usernet.wireguard.silence import no_longer

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from usernet.config.keys import PublicKey
    from usernet.config.wireguard import Peer, WireGuard
    from usernet.tunnel.graph import Graph
    from usernet.wireguard.status import PeerStatus

__all__ = ["Peers"]

LOOK = 5.0
"""Seconds from one look at the peers to the next."""
SILENCE = 15.0
"""Seconds of silence to what was sent after which a name is resolved again: as long as WireGuard
itself waits before it shakes hands anew (WireGuard paper, 6.5)."""
VALID = 180.0
"""Seconds for which a handshake holds: REJECT_AFTER_TIME of the WireGuard paper, 6.1."""
PATIENCE = 5.0
"""Seconds that a tunnel waits for the machine to find its peers before it begins without them:
resolv.conf(5)'s for one server."""
GONE = 12.0
"""Seconds without an answer after which a peer is not there: it has to say something within ten, if
only that it has heard us (WireGuard paper, 6.5)."""
POLL = 0.02
"""Seconds from one look to the next while somebody waits for a handshake."""


def _sought(peer: Peer) -> Place:
    host = "" if peer.endpoint is None else peer.endpoint.host
    return Place(None, f"this machine does not find {host}: it is still looking")


@dataclass(slots=True)
class _Silence:
    """What was last seen of a peer, and since when it has not answered."""

    sent: float = 0.0
    received: float = 0.0
    since: float | None = None


class Peers:
    """The peers of a tunnel.

    Args:
        config: The tunnel, with endpoints that may be names.
    """

    def __init__(self, config: WireGuard) -> None:
        self._config = config
        self._own = public_key(config.private_key)
        self._found: dict[PublicKey, Place] = {}
        self._silent: dict[PublicKey, _Silence] = {}
        self._device: Graph | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._searching = False

    # ---- where they are ----

    async def find(self) -> WireGuard:
        """Find all endpoints; the config as the engine can have it."""
        named = [one for one in self._config.peers if one.endpoint and not one.endpoint.address]
        self._found = places(one for one in self._config.peers if one not in named)
        if named:
            search = beside(lambda: places(self._config.peers))
            await asyncio.wait([search], timeout=PATIENCE)
            if search.done():
                self._found = search.result()
            else:
                self._found |= {one.public_key: _sought(one) for one in named}
                self._searching = True
                search.add_done_callback(self._adopt)
        return self._numeric()

    def _numeric(self) -> WireGuard:
        return replace(self._config, peers=placed(self._config.peers, self._found))

    def become(self, peers: tuple[Peer, ...]) -> None:
        """Be others; where a name is of one that stays is known already.

        Raises:
            ConfigError: There can be no such peers; they stay as they are.
        """
        before, found = self._config, self._found
        self._config = replace(before, peers=peers)
        here = places(one for one in peers if one.endpoint and one.endpoint.address)
        self._found = {one.public_key: found.get(one.public_key, Place()) for one in peers} | here
        try:
            self._configure()
        except BaseException:
            self._config, self._found = before, found
            raise

    def watch(self, device: Graph) -> None:
        """See after them from now on, in the running loop, until `forget`."""
        self._device = device
        self._again()

    def forget(self) -> None:
        """See after them no more."""
        self._device = None
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        if self._device is None:
            return
        now = asyncio.get_running_loop().time()
        lost = [one for one in self._device.status().peers if self._is_lost(one, now)]
        if (lost or any(place.problem for place in self._found.values())) and not self._searching:
            self._search()
        self._again()

    def _is_lost(self, status: PeerStatus, now: float) -> bool:
        """Whether a peer has been silent for long; once for each such while."""
        known = self._silent.setdefault(status.public_key, _Silence())
        if status.received > known.received:
            known.since = None
        elif status.sent > known.sent and known.since is None:
            known.since = now
        known.sent, known.received = status.sent, status.received
        if known.since is None or now - known.since < SILENCE:
            return False
        known.since = now
        return True

    def _search(self) -> None:
        self._searching = True
        beside(lambda: places(self._config.peers)).add_done_callback(self._adopt)

    def _adopt(self, searched: asyncio.Future[dict[PublicKey, Place]]) -> None:
        self._searching = False
        if self._device is None or searched.cancelled() or searched.exception() is not None:
            return
        found = searched.result()
        changed = {key: place for key, place in found.items() if place != self._found.get(key)}
        # One that was found before stays where it was, while the machine does not find it.
        self._found |= {key: place for key, place in changed.items() if self._is_better(key, place)}
        if changed:
            self._configure()

    def _is_better(self, key: PublicKey, place: Place) -> bool:
        return place.numeric is not None or self._found.get(key, Place()).numeric is None

    # ---- whether they answer ----

    def towards(self, address: str) -> Peer | None:
        """The peer that packets to an address go to."""
        numeric = ip_address(address)
        best: tuple[int, Peer | None] = (-1, None)
        for peer in self._config.peers:
            for subnet in peer.allowed_ips:
                if numeric in subnet and subnet.prefixlen > best[0]:
                    best = subnet.prefixlen, peer
        return best[1]

    def silent(self, peers: Iterable[Peer]) -> list[Peer]:
        """Those of these that there is no valid handshake with."""
        if self._device is None:
            raise EngineError("the tunnel does not run")
        heard = {
            one.public_key
            for one in self._device.status().peers
            if one.latest_handshake is not None and one.latest_handshake < VALID
        }
        return [one for one in peers if one.public_key not in heard]

    def gone(self, peers: Iterable[Peer]) -> HandshakeError | None:
        """What to say of the first of these that has answered and does no longer, if one has."""
        if self._device is None:
            raise EngineError("the tunnel does not run")
        asked = {one.public_key for one in peers}
        for one in self._device.status().peers:
            if one.public_key in asked and one.silent is not None and one.silent > GONE:
                return HandshakeError(no_longer(one))
        return None

    def lost(self, peers: Iterable[Peer]) -> list[Peer]:
        """Those of these that there is no way to from this machine."""
        return [one for one in peers if self._found.get(one.public_key, Place()).problem]

    async def shake(self, peers: Sequence[Peer], timeout: float) -> None:  # noqa: ASYNC109 - as asked
        """Wait for a handshake with each of these.

        Raises:
            HandshakeError: There is none in so many seconds.
        """
        if lost := self.lost(peers):
            raise self.error(lost[0], timeout)
        silent = self.silent(peers)
        if not silent:
            return
        self._configure(calling={one.public_key for one in silent})
        try:
            async with asyncio.timeout(timeout):
                while silent := self.silent(silent):  # noqa: ASYNC110 - the core tells nobody
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise self.error(silent[0], timeout) from None
        finally:
            self._configure()

    def _configure(self, calling: Container[PublicKey] = ()) -> None:
        """Tell the device what holds; it calls these, as it does when a keepalive is set."""
        if self._device is None:
            return
        numeric = self._numeric()
        peers = (
            replace(one, persistent_keepalive=one.persistent_keepalive or 1)
            if one.public_key in calling
            else one
            for one in numeric.peers
        )
        self._device.configure(replace(numeric, peers=tuple(peers)))

    def error(self, peer: Peer, seconds: float | None) -> HandshakeError:
        """What to say of a peer that does not answer."""
        place = self._found.get(peer.public_key, Place())
        whom = f"no handshake with the peer {peer.public_key}"
        if place.problem:
            return HandshakeError(f"{whom}: {place.problem}")
        if peer.endpoint is None:
            return HandshakeError(f"{whom}: it has no endpoint, and has not called yet")
        where = str(peer.endpoint)
        if place.numeric is not None and str(place.numeric) != where:
            where += f" ({place.numeric})"
        within = "" if seconds is None else f" within {max(round(seconds, 1), 0.1):g} s"
        return HandshakeError(
            f"{whom} at {where}{within}: is its public key right, does it know ours ({self._own})"
            " and the same preshared key, is the endpoint right, and do firewalls let UDP through?"
        )
