"""What a gateway of tunnels says: who came, what changed, and how it ended."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from usernet.programs.live import record, summary
from usernet.programs.outside import how_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from usernet.config.keys import PublicKey
    from usernet.config.scenario import Scenario
    from usernet.config.wireguard import TunnelConfig
    from usernet.engine import Statistics
    from usernet.programs.far_end import FarEnd
    from usernet.report.connections import Connections
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Said"]

_MOST_STRANGERS = 100
"""How many are told of: whoever knows the gateway's key can be one as often as it likes."""


class Said:
    """Tells a person on standard error, or a program by JSON on standard output.

    Args:
        quiet: Say nothing but errors.
        as_json: Say it as JSON, one object a line.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._json = as_json
        self._is_told = not quiet and not as_json
        self._here: dict[str, str | None] = {}
        self._strangers: set[PublicKey] = set()

    def warning(self, text: str) -> None:
        """Something is not as it should be, and the gateway goes on."""
        self._event("warning", message=text)
        sys.stderr.write(f"usernet: warning: {text}\n")

    def ready(self, end: FarEnd, status: DeviceStatus, scenario: Scenario) -> None:
        """Peers can come."""
        key, port = str(status.public_key), status.port
        addresses = [str(one.ip) for one in end.config.addresses]
        self._event(
            "ready", port=port, public_key=key, addresses=addresses, peers=len(status.peers)
        )
        loopback = "open" if end.loopback else "shut; --loopback opens it"
        self._tell(f"gateway at UDP port {port}; Ctrl-C ends it")
        self._tell(f"  public key  {key}")
        self._tell(f"  addresses   {', '.join(addresses)} (its loopback is {loopback})")
        self._tell(f"  peers       {len(status.peers)}")
        for one in end.publish:
            self._tell(f"  published   {one.listen} → {one.to} ({one.protocol})")
        for name, side in (("up", scenario.link.up), ("down", scenario.link.down)):
            if said := side.brief():
                self._tell(f"  line {name:<6} {said}")

    def look(self, status: DeviceStatus) -> None:
        """What has become of the peers: who is here for the first time, or from elsewhere."""
        for peer in status.peers:
            key, place = str(peer.public_key), peer.endpoint
            if peer.latest_handshake is None or self._here.get(key, "") == place:
                continue
            how = "has moved to" if key in self._here else "is here, from"
            self._here[key] = place
            self._event("peer", public_key=key, endpoint=place)
            self._tell(f"peer {key} {how} {place}")

    def stranger(self, key: PublicKey) -> None:
        """Somebody called whom the files do not know."""
        known = key in self._strangers
        if known or len(self._strangers) >= _MOST_STRANGERS:
            return
        self._strangers.add(key)
        self._event("stranger", public_key=str(key))
        self._tell(f"a stranger called: {key}")

    def changed(self, before: TunnelConfig, after: TunnelConfig, status: DeviceStatus) -> None:
        """There are other peers, another port or another key."""
        old, new = ({str(one.public_key) for one in end.peers} for end in (before, after))
        for key in old - new:
            self._here.pop(key, None)
        self._event("peers", count=len(new), added=sorted(new - old), removed=sorted(old - new))
        told = _counted((("added", new - old), ("removed", old - new)))
        same = "as they were" if before.peers == after.peers else "changed"
        self._tell(f"peers: {told or same}; there are {len(new)}")
        if (before.private_key, before.listen_port) != (after.private_key, after.listen_port):
            key, port = str(status.public_key), status.port
            self._event("device", port=port, public_key=key)
            self._tell(f"the gateway is at UDP port {port} now, with the public key {key}")

    def end(self, status: DeviceStatus, connections: Connections, statistics: Statistics) -> None:
        """It is over."""
        impairments = {name: record(one) for name, one in statistics.impairments.items()}
        self._event("end", device=status.to_json(), impairments=impairments)
        for name, one in sorted(statistics.impairments.items(), reverse=True):
            self._tell(f"{name:<4} {summary(one)}")
        self._tell(how_many(connections))

    def _event(self, event: str, **values: object) -> None:
        if self._json:
            print(json.dumps({"event": event, **values}), flush=True)

    def _tell(self, line: str) -> None:
        if self._is_told:
            sys.stderr.write(f"{line}\n")


def _counted(changes: Iterable[tuple[str, set[str]]]) -> str:
    return ", ".join(f"{len(keys)} {how}" for how, keys in changes if keys)
