"""Tunnels as data: a WireGuard device with its peers, and the UDP sockets below it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Self

from usernet.config.address import parse_address, parse_host_name, parse_mtu
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.address import Address, InterfaceAddress, Subnet
    from usernet.config.keys import PresharedKey, PrivateKey, PublicKey

__all__ = ["DEFAULT_MTU", "Endpoint", "Peer", "TunnelConfig", "UdpSocket", "WireGuard"]

DEFAULT_MTU = 1420
"""wg-quick(8)'s: what Ethernet's 1500 leave beside IPv6, UDP and WireGuard's own bytes."""

LARGEST_PORT = 65535
MOST_WORKERS = 64
LONGEST_KEEPALIVE = 65535
"""Seconds (wg(8))."""

_ENDPOINT = re.compile(r"(\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a peer is, outside the tunnel.

    Attributes:
        host: A numeric address or a name. One that is link-local needs its zone: ``fe80::1%eth0``.
        port: The port, 1 to 65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, path: str = "endpoint") -> Self:
        """Read ``192.0.2.1:51820``, ``[2001:db8::1]:51820`` or ``vpn.example.org:51820``.

        Raises:
            ConfigError: It is none of these.
        """
        allowed = "such as 192.0.2.1:51820, [2001:db8::1]:51820 or vpn.example.org:51820"
        match = _ENDPOINT.fullmatch(text)
        port = int(match["port"]) if match else 0
        if match is None or not 0 < port <= LARGEST_PORT:
            raise ConfigError("no endpoint", path=path, value=text, allowed=allowed)
        try:
            return cls(_host(match["v6"], match["host"], path), port)
        except ConfigError as error:
            raise ConfigError(error.problem, path=path, value=text, allowed=allowed) from None

    @property
    def address(self) -> Address | None:
        """The host as an address; None where it is a name."""
        try:
            return parse_address(self.host)
        except ConfigError:
            return None

    @property
    def is_numeric(self) -> bool:
        """Whether it is an address, and its zone, if it has one, is a number."""
        address = self.address
        zone = address.scope_id if isinstance(address, IPv6Address) else None
        return address is not None and (zone is None or zone.isdecimal())

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _host(v6: str | None, host: str | None, path: str) -> str:
    """The host of an endpoint, with or without brackets around it."""
    if v6 is not None:
        address = parse_address(v6, path)
        if not isinstance(address, IPv6Address):
            raise ConfigError("brackets are for IPv6", path=path)
        if address.scope_id and not address.is_link_local:
            raise ConfigError("a zone is for link-local addresses", path=path)
        return str(address)
    if re.fullmatch(r"[\d.]+", host or "", re.ASCII):
        return str(parse_address(host, path))
    return parse_host_name(host, path)


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer of a tunnel.

    Attributes:
        public_key: The key that it is known by.
        endpoint: Where it is. Where None it calls first; wherever it calls from is where it is.
        allowed_ips: The networks behind it: packets to them go to it, and it is believed no other
            source addresses.
        preshared_key: A key that both have beside their own.
        persistent_keepalive: Seconds, 1 to 65535, after which it hears from us when nothing else
            is said, so that what is between keeps the way open; None for not at all.
    """

    public_key: PublicKey
    endpoint: Endpoint | None = None
    allowed_ips: tuple[Subnet, ...] = ()
    preshared_key: PresharedKey | None = None
    persistent_keepalive: int | None = None

    def __post_init__(self) -> None:
        """Check the interval.

        Raises:
            ConfigError: It is out of its range.
        """
        seconds = self.persistent_keepalive
        if seconds is not None and not 0 < seconds <= LONGEST_KEEPALIVE:
            allowed = f"1 to {LONGEST_KEEPALIVE} seconds"
            problem = "no interval for keepalives"
            raise ConfigError(problem, path="persistent_keepalive", value=seconds, allowed=allowed)

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it.

        Raises:
            ConfigError: The endpoint is a name, or its zone is.
        """
        if self.endpoint is not None and not self.endpoint.is_numeric:
            problem = "a name, which the engine does not look up"
            value = str(self.endpoint)
            raise ConfigError(problem, path="endpoint", value=value, allowed="a numeric address")
        return {
            "public_key": self.public_key.hex(),
            "preshared_key": self.preshared_key.hex() if self.preshared_key else None,
            "endpoint": str(self.endpoint) if self.endpoint else None,
            "allowed_ips": [str(one) for one in self.allowed_ips],
            "persistent_keepalive": self.persistent_keepalive,
        }


@dataclass(frozen=True, slots=True)
class WireGuard:
    """A WireGuard device [inside, outside; inside, outside].

    At ``inside`` are the packets of the private network, at ``outside`` the encrypted ones that
    carry them, as whole packets of IP and UDP.

    Attributes:
        private_key: Who it is.
        peers: Its peers.
        mtu: The largest packet inside, in bytes.
        port: The source port of what it sends outside; 0 leaves that to whoever carries it.
        address: The source address of what it sends outside, until a peer has called another one;
            None leaves that to whoever carries it.
        lookup: Whether somebody is told of strangers who call, and can say who they are.
        workers: How many threads seal and open packets beside the engine's own, in real time; 0 to
            64. They help where one core is too slow for the cipher and others are idle.
    """

    private_key: PrivateKey
    peers: tuple[Peer, ...] = ()
    mtu: int = DEFAULT_MTU
    port: int = 0
    address: Address | None = None
    lookup: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        """Check what the parts say of each other.

        Raises:
            ConfigError: Two peers have one key or one network, or a number is out of its range.
        """
        parse_mtu(self.mtu)
        _check_port(self.port, "port")
        _check_workers(self.workers)
        _check_peers(self.peers)

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it: it holds the keys.

        Raises:
            ConfigError: The endpoint of a peer is a name: whoever runs it looks it up first.
        """
        return {
            "app": "wireguard",
            "private_key": self.private_key.hex(),
            "mtu": self.mtu,
            "port": self.port,
            "address": None if self.address is None else str(self.address),
            "lookup": self.lookup,
            "workers": self.workers,
            "peers": [_within(one, index) for index, one in enumerate(self.peers)],
        }

    def keeps_state(self, new: object) -> bool:
        """Yes, for the same private key and workers: peers that stay keep their sessions."""
        return (
            isinstance(new, WireGuard)
            and new.private_key == self.private_key
            and new.workers == self.workers
        )


@dataclass(frozen=True, slots=True)
class UdpSocket:
    """Carries packets of IP and UDP by UDP sockets of the machine; in real time alone [rx; tx].

    Attributes:
        port: The port of its sockets, one number for IPv4 and IPv6; 0 for any that is free.
        address: The only address that it is bound to; all of the machine's where None.
    """

    port: int = 0
    address: str | None = None

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            ConfigError: One of them is none.
        """
        _check_port(self.port, "port")
        if self.address is not None:
            parse_address(self.address)

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {"app": "udp_socket", "port": self.port, "address": self.address}

    def keeps_state(self, new: object) -> bool:
        """No: other sockets are opened."""
        del new
        return False


@dataclass(frozen=True, slots=True)
class TunnelConfig:
    """What a file of wg-quick(8) says.

    Attributes:
        private_key: Who this end is.
        addresses: Its addresses in the tunnel.
        peers: Its peers.
        dns: The servers that know the names in the tunnel.
        search: The domains that names are looked up in.
        mtu: The largest packet in the tunnel, in bytes; found out where None.
        listen_port: The UDP port of this end; any that is free where None.
    """

    private_key: PrivateKey
    addresses: tuple[InterfaceAddress, ...]
    peers: tuple[Peer, ...]
    dns: tuple[Address, ...] = ()
    search: tuple[str, ...] = ()
    mtu: int | None = None
    listen_port: int | None = None

    def __post_init__(self) -> None:
        """Check what the parts say of each other.

        Raises:
            ConfigError: Two peers have one key or one network, or a number is out of its range.
        """
        if self.mtu is not None:
            parse_mtu(self.mtu)
        if self.listen_port is not None:
            _check_port(self.listen_port, "listen_port")
        _check_peers(self.peers)


def _check_port(port: int, path: str) -> None:
    if not 0 <= port <= LARGEST_PORT:
        raise ConfigError("no port", path=path, value=port, allowed=f"0 to {LARGEST_PORT}")


def _check_workers(workers: int) -> None:
    if not 0 <= workers <= MOST_WORKERS:
        problem, allowed = "no number of workers", f"0 to {MOST_WORKERS}"
        raise ConfigError(problem, path="workers", value=workers, allowed=allowed)


def _check_peers(peers: Sequence[Peer]) -> None:
    """Each key and each network are one peer's."""
    owners: dict[Subnet | PublicKey, PublicKey] = {}
    for index, peer in enumerate(peers):
        path, key = f"peers[{index}]", peer.public_key
        if key in owners:
            raise ConfigError("a peer is there twice", path=f"{path}.public_key", value=str(key))
        owners[key] = key
        for subnet in peer.allowed_ips:
            if (owner := owners.setdefault(subnet, key)) != key:
                problem = f"the peer {owner} has this network already"
                raise ConfigError(problem, path=f"{path}.allowed_ips", value=str(subnet))


def _within(peer: Peer, index: int) -> dict[str, object]:
    try:
        return peer.to_core()
    except ConfigError as error:
        raise error.within(f"peers[{index}]") from None
