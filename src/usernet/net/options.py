"""Options of sockets as programs name them: ``setsockopt`` and the core's options, both ways."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Mapping
from typing import TypeAlias

__all__ = ["Options", "Value"]

Value: TypeAlias = "int | bytes"

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
_KEEPIDLE = 7200 * _SECOND
"""What Linux waits before the first keepalive probe (tcp(7))."""

_Read: TypeAlias = Callable[[Value], object]
_Show: TypeAlias = Callable[[object], Value]


def _number(value: Value) -> int:
    return value if isinstance(value, int) else struct.unpack("i", value[:4])[0]


def _flag(value: Value) -> bool:
    return bool(_number(value))


def _algorithm(value: Value) -> str:
    name = value if isinstance(value, bytes) else b""
    text = name.rstrip(b"\0").decode("ascii", "replace")
    if text not in {"cubic", "reno", "bbr"}:
        raise OSError(errno.ENOENT, f"no such congestion control: {text!r}; cubic, reno or bbr")
    return text


def _algorithm_name(kept: object) -> Value:
    return str(kept or "cubic").encode().ljust(16, b"\0")


def _times(unit: int) -> tuple[_Read, _Show]:
    return lambda value: _number(value) * unit or None, lambda kept: _whole(kept) // unit


def _whole(kept: object) -> int:
    return kept if isinstance(kept, int) else 0


_NUMBER: tuple[_Read, _Show] = (_number, _whole)
_FLAG: tuple[_Read, _Show] = (_flag, _whole)

_KNOWN_BY_NAME: Mapping[str, tuple[str, tuple[_Read, _Show]]] = {
    "IPPROTO_TCP TCP_NODELAY": ("nodelay", _FLAG),
    "IPPROTO_TCP TCP_CONGESTION": ("congestion", (_algorithm, _algorithm_name)),
    "IPPROTO_TCP TCP_KEEPINTVL": ("keepalive_interval", _times(_SECOND)),
    "IPPROTO_TCP TCP_KEEPCNT": ("keepalive_count", _NUMBER),
    "IPPROTO_TCP TCP_USER_TIMEOUT": ("user_timeout", _times(_MILLISECOND)),
    "SOL_SOCKET SO_SNDBUF": ("send_buffer", _NUMBER),
    "SOL_SOCKET SO_RCVBUF": ("receive_buffer", _NUMBER),
    "SOL_SOCKET SO_REUSEPORT": ("reuse", _FLAG),
    "IPPROTO_IP IP_TTL": ("hop_limit", _NUMBER),
    "IPPROTO_IPV6 IPV6_UNICAST_HOPS": ("hop_limit", _NUMBER),
}
"""Options that the core has, and how their values are read and shown."""

_KEPT_BY_NAME = """
SOL_SOCKET: SO_REUSEADDR SO_BROADCAST SO_LINGER SO_OOBINLINE SO_PRIORITY SO_RCVLOWAT
IPPROTO_TCP: TCP_CORK TCP_DEFER_ACCEPT TCP_FASTOPEN TCP_MAXSEG TCP_NOTSENT_LOWAT
IPPROTO_TCP: TCP_QUICKACK TCP_SYNCNT
IPPROTO_IP: IP_TOS IP_MTU_DISCOVER IP_RECVERR IP_PKTINFO IP_RECVTOS
IPPROTO_IPV6: IPV6_V6ONLY IPV6_RECVPKTINFO IPV6_TCLASS IPV6_RECVTCLASS
IPPROTO_IPV6: IPV6_MTU_DISCOVER IPV6_RECVERR
"""
"""Options that programs set out of habit and can read back, but that change nothing here."""

_LINUX = {
    "IP_PKTINFO": 8, "IP_MTU_DISCOVER": 10, "IP_RECVERR": 11, "IP_RECVTOS": 13,
    "IPV6_MTU_DISCOVER": 23, "IPV6_RECVERR": 25,
}  # fmt: skip
"""Numbers that Linux has and the module `socket` may not name (ip(7), ipv6(7))."""


def _key(level: str, name: str) -> tuple[int, int] | None:
    """The numbers of an option on this system; None where it has no such option."""
    number = getattr(socket, name, _LINUX.get(name))
    return None if number is None else (getattr(socket, level), number)


_KNOWN = {
    key: known for name, known in _KNOWN_BY_NAME.items() if (key := _key(*name.split())) is not None
}
_KEPT = {
    key
    for line in _KEPT_BY_NAME.strip().splitlines()
    for name in line.partition(": ")[2].split()
    if (key := _key(line.partition(":")[0], name)) is not None
}
_KEEPALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
_IDLE = _key("IPPROTO_TCP", "TCP_KEEPIDLE")
_LINGER = struct.Struct("ii")


class Options:
    """What a program has said of one socket.

    Attributes:
        core: The options as the core reads them; those not said are missing.
    """

    def __init__(self, core: Mapping[str, object] | None = None) -> None:
        self.core: dict[str, object] = dict(core or {})
        self._kept: dict[tuple[int, int], Value] = {}
        self._idle = _KEEPIDLE

    def set(self, level: int, name: int, value: Value) -> bool:
        """Take an option; returns whether the core has to be told.

        Raises:
            OSError: There is no such option (``ENOPROTOOPT``), or no such value.
        """
        key = level, name
        if key in (_KEEPALIVE, _IDLE):
            return self._set_keepalive(key, value)
        if key in _KNOWN:
            field, (read, _) = _KNOWN[key]
            self.core[field] = read(value)
            return True
        if key not in _KEPT:
            raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))
        self._kept[key] = value
        return False

    def _set_keepalive(self, key: tuple[int, int], value: Value) -> bool:
        if key == _IDLE:
            self._idle = _number(value) * _SECOND
            if self.core.get("keepalive_idle") is None:
                return False
        self.core["keepalive_idle"] = self._idle if key == _IDLE or _flag(value) else None
        return True

    def get(self, level: int, name: int, now: Mapping[str, object]) -> Value:
        """An option as `set` took it; ``now`` is what the core says.

        Raises:
            OSError: There is no such option (``ENOPROTOOPT``).
        """
        key = level, name
        if key == _KEEPALIVE:
            return int(now.get("keepalive_idle") is not None)
        if key == _IDLE:
            return self._idle // _SECOND
        if key in _KNOWN:
            field, (_, show) = _KNOWN[key]
            return show(now.get(field))
        if key in _KEPT:
            return self._kept.get(key, 0)
        raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))

    @property
    def v6only(self) -> bool:
        """Whether ``IPV6_V6ONLY`` was said."""
        return bool(self._kept.get((socket.IPPROTO_IPV6, socket.IPV6_V6ONLY), 0))

    @property
    def aborts(self) -> bool:
        """Whether closing is to reset: ``SO_LINGER`` on, with no time."""
        value = self._kept.get((socket.SOL_SOCKET, socket.SO_LINGER), b"")
        return isinstance(value, bytes) and value[: _LINGER.size] == _LINGER.pack(1, 0)
