"""UAPI: the language in which ``wg`` asks a device what it does, and tells it what to be.

Lines of ``key=value`` and an empty line after them: the *cross-platform userspace implementation*
of wireguard.com/xplatform. A request that is wrong anywhere changes nothing.
"""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.wireguard import LARGEST_PORT, LONGEST_KEEPALIVE, Endpoint
from usernet.errors import ConfigError
from usernet.wireguard.change import NO_PRESHARED_KEY, Change, PeerChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from usernet.config.address import Subnet
    from usernet.config.wireguard import Peer, TunnelConfig
    from usernet.wireguard.status import DeviceStatus, PeerStatus

    _KeyT = TypeVar("_KeyT", PrivateKey, PresharedKey, PublicKey)

__all__ = ["answer", "request", "shown"]

_VERSION = 1
"""The version of WireGuard's protocol, the only one there is."""
_LARGEST_MARK = 2**32 - 1
_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_NANOSECONDS = 10**9


# ---- what is asked ----


def request(text: str) -> Change | None:
    """Read a request, without the empty line behind it: a change, or None for ``get=1``.

    Raises:
        ConfigError: It is none; it names the line, and shows nothing that may be a key.
        OSError: It asks for what no device of usernet can do (EOPNOTSUPP).
    """
    first, *lines = text.split("\n")
    if first == "get=1" and not lines:
        return None
    if first != "set=1":
        raise ConfigError("no request", allowed="get=1 or set=1")
    draft = _Draft()
    for number, line in enumerate(lines, 2):
        key, _, value = line.partition("=")
        try:
            draft.read(key, value)
        except ConfigError as error:
            raise ConfigError(f"line {number}: {error}") from None
    return draft.change()


class _Draft:
    """A change as far as it is read: of a key that is there twice the last counts."""

    def __init__(self) -> None:
        self._change = Change()
        self._peers: list[PeerChange] = []
        self._networks: list[tuple[bool, Subnet]] = []

    def read(self, key: str, value: str) -> None:
        """Take the next line."""
        if key == "public_key":
            self._finish()
            self._peers.append(PeerChange(_key(value, PublicKey)))
        elif key == "allowed_ip" and self._peers:
            self._networks.append((not value.startswith("-"), _network(value)))
        elif self._peers and key in _OF_PEERS:
            self._peers[-1] = _OF_PEERS[key](self._peers[-1], value)
        elif not self._peers and key in _OF_DEVICES:
            self._change = _OF_DEVICES[key](self._change, value)
        else:
            raise ConfigError("no key that belongs here")

    def change(self) -> Change:
        """All of it."""
        self._finish()
        return replace(self._change, peers=tuple(self._peers))

    def _finish(self) -> None:
        if self._networks:
            self._peers[-1] = replace(self._peers[-1], networks=tuple(self._networks))
        self._networks = []


def _key(value: str, kind: type[_KeyT]) -> _KeyT:
    if not _KEY.fullmatch(value):
        raise ConfigError("no key", allowed="64 hexadecimal digits")
    return kind(bytes.fromhex(value))


def _number(value: str, most: int) -> int:
    number = int(value) if _NUMBER.fullmatch(value) else most + 1
    if number > most:
        raise ConfigError("no number that can be", allowed=f"0 to {most}")
    return number


def _true(value: str) -> bool:
    if value != "true":
        raise ConfigError("is there or not", allowed="true")
    return True


def _network(value: str) -> Subnet:
    """A network; bits behind the prefix do not count, and a minus before it is not its own."""
    try:
        return ip_network(value.removeprefix("-").removeprefix("+"), strict=False)
    except ValueError:
        raise ConfigError("no network", allowed="such as 10.0.0.0/24") from None


def _endpoint(value: str) -> Endpoint:
    allowed = "a numeric address and a port"
    try:
        endpoint = Endpoint.parse(value)
    except ConfigError:
        raise ConfigError("no endpoint", allowed=allowed) from None
    if endpoint.address is None:
        raise ConfigError("a name", allowed=allowed)
    return endpoint


def _private_key(change: Change, value: str) -> Change:
    key = _key(value, PrivateKey)
    if not any(bytes(key)):
        raise OSError(errno.EOPNOTSUPP, "there is no tunnel without a private key")
    return replace(change, private_key=key)


def _mark(change: Change, value: str) -> Change:
    if _number(value, _LARGEST_MARK):
        problem = "marks are for the machine's routing rules, and usernet needs none of these"
        raise OSError(errno.EOPNOTSUPP, problem)
    return change


def _version(peer: PeerChange, value: str) -> PeerChange:
    if value != str(_VERSION):
        raise OSError(errno.EPROTONOSUPPORT, "another version of WireGuard")
    return peer


_OF_DEVICES: dict[str, Callable[[Change, str], Change]] = {
    "private_key": _private_key,
    "listen_port": lambda change, value: replace(change, listen_port=_number(value, LARGEST_PORT)),
    "fwmark": _mark,
    "replace_peers": lambda change, value: replace(change, replaces_peers=_true(value)),
}
_OF_PEERS: dict[str, Callable[[PeerChange, str], PeerChange]] = {
    "remove": lambda peer, value: replace(peer, removes=_true(value)),
    "update_only": lambda peer, value: replace(peer, updates_only=_true(value)),
    "preshared_key": lambda peer, value: replace(peer, preshared_key=_key(value, PresharedKey)),
    "endpoint": lambda peer, value: replace(peer, endpoint=_endpoint(value)),
    "persistent_keepalive_interval": lambda peer, value: replace(
        peer, keepalive=_number(value, LONGEST_KEEPALIVE)
    ),
    "replace_allowed_ips": lambda peer, value: replace(peer, replaces_networks=_true(value)),
    "protocol_version": _version,
}


# ---- what is answered ----


def shown(config: TunnelConfig, status: DeviceStatus, now_ns: int) -> str:
    """What is answered to ``get=1``, but for the end: it has the private key.

    Args:
        config: What the device is to be: its keys.
        status: What it is doing.
        now_ns: The time of day, in nanoseconds since 1970.
    """
    peers = {one.public_key: one for one in config.peers}
    lines = [f"private_key={config.private_key.hex()}", f"listen_port={status.port}"]
    for one in status.peers:
        lines += _of_peer(one, peers.get(one.public_key), now_ns)
    return "".join(f"{line}\n" for line in lines)


def _of_peer(status: PeerStatus, peer: Peer | None, now_ns: int) -> Iterator[str]:
    yield f"public_key={status.public_key.hex()}"
    secret = None if peer is None else peer.preshared_key
    yield f"preshared_key={(secret or NO_PRESHARED_KEY).hex()}"
    yield f"protocol_version={_VERSION}"
    if status.endpoint is not None:
        yield f"endpoint={status.endpoint}"
    seconds, nanoseconds = _handshake(status, now_ns)
    yield f"last_handshake_time_sec={seconds}"
    yield f"last_handshake_time_nsec={nanoseconds}"
    yield f"tx_bytes={int(status.sent)}"
    yield f"rx_bytes={int(status.received)}"
    yield f"persistent_keepalive_interval={status.persistent_keepalive or 0}"
    for subnet in status.allowed_ips:
        yield f"allowed_ip={subnet}"


def _handshake(status: PeerStatus, now_ns: int) -> tuple[int, int]:
    """When the latest was, in seconds since 1970, and the nanoseconds beside; zeros before."""
    if status.latest_handshake is None:
        return 0, 0
    return divmod(now_ns - round(status.latest_handshake * _NANOSECONDS), _NANOSECONDS)


def answer(number: int = 0, text: str = "") -> bytes:
    """An answer whole: what is said, and the number of an error (errno(3)), 0 for none.

    On the socket the number is negative, as the kernel's are: wg(8) turns it round.
    """
    return f"{text}errno={-number}\n\n".encode()
