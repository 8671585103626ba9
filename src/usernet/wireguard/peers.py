"""``[Peer]``: whom a tunnel leads to, and which networks are behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

from usernet.config.keys import PresharedKey, PublicKey
from usernet.config.wireguard import LONGEST_KEEPALIVE, Endpoint, Peer
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from usernet.config.address import Subnet
    from usernet.wireguard.syntax import Entry, Section

__all__ = ["peers"]


def peers(sections: Iterable[Section]) -> tuple[Peer, ...]:
    """The peers that these sections are.

    Raises:
        ConfigError: A value is wrong, a peer has no key, or two have one key or one network.
    """
    keys: dict[PublicKey, Section] = {}
    owners: dict[Subnet, Entry] = {}
    found: list[Peer] = []
    for section in sections:
        draft = _Draft.of(section)
        peer = draft.peer(section)
        if (first := keys.setdefault(peer.public_key, section)) is not section:
            place = f"{first.file}:{first.line}"
            raise section.error(f"the peer of {place} again", "one section for each public key")
        for subnet, entry in draft.subnets.items():
            _claim(owners, subnet, entry)
        found.append(peer)
    return tuple(found)


def _claim(owners: dict[Subnet, Entry], subnet: Subnet, entry: Entry) -> None:
    first = owners.setdefault(subnet, entry)
    if first is not entry:
        problem = f"{subnet} belongs to the peer of {first.file}:{first.line} already"
        raise entry.error(problem, "each network has one peer; a part of it may be another's")


@dataclass(slots=True)
class _Draft:
    """A peer as far as it is read: of keys given twice the last counts, networks add up."""

    public_key: PublicKey | None = None
    preshared_key: PresharedKey | None = None
    endpoint: Endpoint | None = None
    keepalive: int | None = None
    subnets: dict[Subnet, Entry] = field(default_factory=dict["Subnet", "Entry"])

    @classmethod
    def of(cls, section: Section) -> _Draft:
        draft = cls()
        for entry in section.entries:
            try:
                _READERS[entry.key](draft, entry)
            except ConfigError as error:
                raise entry.located(error) from None
        return draft

    def peer(self, section: Section) -> Peer:
        if self.public_key is None:
            raise section.error("no PublicKey", "each peer is known by its key")
        subnets = tuple(self.subnets)
        return Peer(self.public_key, self.endpoint, subnets, self.preshared_key, self.keepalive)


def _public_key(draft: _Draft, entry: Entry) -> None:
    draft.public_key = PublicKey.parse(entry.value, entry.key)


def _preshared_key(draft: _Draft, entry: Entry) -> None:
    draft.preshared_key = PresharedKey.parse(entry.value, entry.key)


def _endpoint(draft: _Draft, entry: Entry) -> None:
    draft.endpoint = Endpoint.parse(entry.value, entry.key)


def _keepalive(draft: _Draft, entry: Entry) -> None:
    seconds = 0 if entry.value.lower() == "off" else entry.number()
    if seconds is None or seconds > LONGEST_KEEPALIVE:
        allowed = f"off, or seconds: 1 to {LONGEST_KEEPALIVE}"
        raise entry.error("no interval", allowed, shown=True)
    draft.keepalive = seconds or None


def _allowed_ips(draft: _Draft, entry: Entry) -> None:
    """Networks; bits behind the prefix do not count, as in wg(8)."""
    for text in entry.value.split(","):
        if not (one := text.strip()):
            continue
        try:
            subnet = ip_network(one, strict=False)
        except ValueError:
            allowed = "such as 10.0.0.0/24, fd00::/64, or an address alone"
            raise ConfigError("no network", path=entry.key, value=one, allowed=allowed) from None
        draft.subnets.setdefault(subnet, entry)


_READERS: dict[str, Callable[[_Draft, Entry], None]] = {
    "PublicKey": _public_key,
    "PresharedKey": _preshared_key,
    "Endpoint": _endpoint,
    "PersistentKeepalive": _keepalive,
    "AllowedIPs": _allowed_ips,
}
