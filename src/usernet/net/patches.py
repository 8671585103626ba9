"""Patches: what the standard library answers while a program is simulated; all of it is undone.

Two sets. `sockets` is in force while a loop in virtual time runs: ``socket.socket`` makes virtual
sockets for code that lives on a host, and names resolve in the host's network.
`clocks_and_randomness` is what `usernet.simulate` adds: ``time`` tells the virtual time, and
``random``, ``os.urandom``, ``uuid`` and ``secrets`` follow from a seed.

Out of reach is what C code asks for by itself: OpenSSL's randomness (so the bytes of TLS records
differ from run to run), and ``datetime.now``. So is what a module took before (``from time import
monotonic``), and the order of sets of strings (``PYTHONHASHSEED``).
"""

from __future__ import annotations

import contextlib
import os
import random
import socket as system
import sys
import time
import uuid
from typing import TYPE_CHECKING, cast

from usernet.net import resolver
from usernet.net.current import host_or_none
from usernet.net.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from usernet.net.address import SocketAddress
    from usernet.net.host import Host

__all__ = ["clocks_and_randomness", "patched", "sockets"]

EPOCH = 946_684_800 * 1_000_000_000
"""When virtual time begins, for ``time.time``: 2000-01-01, so that it is the same in every run."""


@contextlib.contextmanager
def patched(changes: list[tuple[object, str, object]]) -> Generator[None]:
    """Have these attributes of these objects these values, inside."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    try:
        for owner, name, value in changes:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


# ---- sockets and names ----


@contextlib.contextmanager
def sockets() -> Generator[None]:
    """Virtual sockets and names for code that lives on a host, inside."""
    made = _SocketClass(system.socket)
    changes: list[tuple[object, str, object]] = [
        (system, "socket", made),
        (system, "getaddrinfo", _on_host(_getaddrinfo, system.getaddrinfo)),
        (system, "gethostbyname", _on_host(_gethostbyname, system.gethostbyname)),
        (system, "gethostname", _on_host(_gethostname, system.gethostname)),
        (system, "getfqdn", _on_host(_getfqdn, system.getfqdn)),
        (system, "getnameinfo", _on_host(_getnameinfo, system.getnameinfo)),
        *_adapters(),
        *_resolvers(),
    ]
    try:
        with patched(changes):
            yield
    finally:
        made.in_force = False


class _SocketClass:
    """What ``socket.socket`` is: it makes virtual sockets on a host, and real ones for all else.

    It passes for the class, so that modules imported meanwhile can check and inherit.
    """

    def __init__(self, real: type[system.socket]) -> None:
        self.in_force = True
        self._real = real

    def __call__(
        self,
        family: int = -1,
        type: int = -1,  # noqa: A002 - as in the module socket
        proto: int = -1,
        fileno: int | None = None,
    ) -> Socket | system.socket:
        inet = family in (-1, system.AF_INET, system.AF_INET6)
        if not self.in_force or fileno is not None or not inet or host_or_none() is None:
            return self._real(family, type, proto, fileno)
        return Socket(
            system.AF_INET if family == -1 else family,
            system.SOCK_STREAM if type == -1 else type,
            0 if proto == -1 else proto,
        )

    def __getattr__(self, name: str) -> object:
        return cast("object", getattr(self._real, name))

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, (self._real, Socket))

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, (self._real, Socket))

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (self._real,)

    def __or__(self, other: type) -> object:
        return self._real | other

    def __ror__(self, other: type) -> object:
        return other | self._real


def _on_host(virtual: Callable[..., object], real: Callable[..., object]) -> Callable[..., object]:
    """The function that asks the current host, and the system where none is current."""

    def either(*arguments: object, **keywords: object) -> object:
        host = host_or_none()
        if host is None:
            return real(*arguments, **keywords)
        return virtual(host, *arguments, **keywords)

    return either


def _getaddrinfo(  # noqa: PLR0917 - as in the module socket
    host: Host,
    name: bytes | str | None,
    port: bytes | str | int | None,
    family: int = 0,
    type: int = 0,  # noqa: A002 - as in the module socket
    proto: int = 0,
    flags: int = 0,
) -> object:
    return resolver.address_infos(
        host.network, host.name, name, port, family=family, type=type, proto=proto, flags=flags
    )


def _gethostname(host: Host) -> str:
    return host.name


def _getfqdn(host: Host, name: str = "") -> str:
    return name or host.name


def _gethostbyname(host: Host, name: str) -> str:
    infos = resolver.address_infos(host.network, host.name, name, 0, family=system.AF_INET)
    return infos[0][4][0]


def _getnameinfo(host: Host, address: SocketAddress, flags: int) -> object:
    return resolver.name_info(host.network, address, flags)


def _adapters() -> list[tuple[object, str, object]]:
    """Of the library ifaddr, by which aioice finds the addresses of its machine."""
    ifaddr = sys.modules.get("ifaddr")
    if ifaddr is None:
        return []

    def get_adapters(host: Host, include_unconfigured: bool = False) -> list[object]:
        ips = [
            ifaddr.IP((one, 0, 0) if ":" in one else one, 64 if ":" in one else 24, "eth0")
            for one in host.addresses
        ]
        return [ifaddr.Adapter("eth0", "eth0", ips, index=1)]

    return [(ifaddr, "get_adapters", _on_host(get_adapters, ifaddr.get_adapters))]


def _resolvers() -> list[tuple[object, str, object]]:
    """Of aiohttp, which asks c-ares where it finds it, and that has sockets of its own."""
    connector = sys.modules.get("aiohttp.connector")
    resolver = sys.modules.get("aiohttp.resolver")
    if connector is None or resolver is None:
        return []
    return [(connector, "DefaultResolver", resolver.ThreadedResolver)]


# ---- clocks and randomness ----


@contextlib.contextmanager
def clocks_and_randomness(now: Callable[[], int], seed: int) -> Generator[None]:
    """Virtual time and seeded randomness, inside.

    Args:
        now: The virtual time in nanoseconds.
        seed: What all randomness follows from.
    """
    state = random.getstate()
    try:
        with patched([*_clocks(now), *_randomness(seed)]):
            random.seed(f"usernet {seed}")  # noqa: TID251 - this is where the seed comes from
            yield
    finally:
        random.setstate(state)


def _clocks(now: Callable[[], int]) -> list[tuple[object, str, object]]:
    changes: list[tuple[object, str, object]] = []
    for name, start in (("time", EPOCH), ("monotonic", 0), ("perf_counter", 0)):
        changes += [
            (time, name, lambda start=start: (now() + start) / 1_000_000_000),
            (time, f"{name}_ns", lambda start=start: now() + start),
        ]
    return changes


def _randomness(seed: int) -> list[tuple[object, str, object]]:
    source = random.Random(f"usernet urandom {seed}")

    def urandom(size: int, flags: int = 0) -> bytes:
        return source.randbytes(size)

    changes: list[tuple[object, str, object]] = [
        (os, "urandom", urandom),
        (random, "_urandom", urandom),
        (uuid, "_node", source.getrandbits(48) | 1 << 40),
        (uuid, "_generate_time_safe", None),
        (uuid, "_last_timestamp", None),
    ]
    changes += [(os, name, urandom) for name in ("getrandom",) if hasattr(os, name)]
    changes += [
        (uuid, name, 0)
        for name in ("_last_timestamp_v7", "_last_counter_v7")
        if hasattr(uuid, name)
    ]
    ssl = sys.modules.get("ssl")
    if ssl is not None:
        changes.append((ssl, "RAND_bytes", urandom))
    return changes
