"""Takeover: an interface of this network is put behind a line, without a network of its own for it.

::

    before   programs ─ kernel ─ eth0 ─ the network
    taken    programs ─ kernel ─ usernet0 ═══ usernet1 ── line ── eth0 ─ the network

``usernet0`` and ``usernet1`` are a veth pair. Address, routes and MAC move from ``eth0`` to
``usernet0``, so that nobody outside sees a difference; ``eth0`` gets another MAC and answers no
ARP, so that the kernel takes nothing from it. It needs CAP_NET_ADMIN alone, and ip(8).

What was there is remembered by the network itself: ``usernet0`` has it, and its alias is the name
of ``eth0``. Each address and route is at its new place before it leaves the old one, so whoever
comes after a kill, from whatever container, finds all of it.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from usernet.errors import ConfigError, InterfaceError, PrivilegeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["INNER", "OUTER", "Interface", "Takeover", "find", "restore"]

INNER, OUTER = "usernet0", "usernet1"
"""What programs use, and the other end of it, which the line begins at."""
_LOCAL = b"\x02usern"
"""The beginning of a MAC that its owner made up (IEEE 802, locally administered)."""
_FAILED = re.compile(r"(.*) Command failed -:(\d+)")
"""What ip(8) says of a batch: an error, and the line it is of."""


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface as it was found.

    Attributes:
        name: Its name.
        mac: Its hardware address.
        mtu: The largest packet.
        addresses: Its addresses with their prefixes, that of the link (fe80::) too: the kernel
            makes it once, and not again where it was taken away.
        routes: Its routes as ip(8) has them, without those that the kernel makes.
    """

    name: str
    mac: str
    mtu: int
    addresses: tuple[str, ...]
    routes: tuple[str, ...]

    def taking(self) -> Iterator[str]:
        """The commands of ip(8) that put it behind a line."""
        yield f"link add {INNER} address {self.mac} mtu {self.mtu} type veth peer name {OUTER}"
        yield f"link set {INNER} alias {self.name} addrgenmode none"
        yield f"link set {OUTER} mtu {self.mtu} arp off addrgenmode none"
        yield f"link set {OUTER} up"
        yield f"link set {INNER} up"
        yield from self._settled(INNER)
        yield f"addr flush dev {self.name}"
        yield f"link set {self.name} arp off addrgenmode none address {_other(self.mac)}"

    def returning(self) -> Iterator[str]:
        """The commands that make it what it was."""
        yield f"link set {self.name} arp on addrgenmode eui64 address {self.mac}"
        yield f"addr flush dev {self.name}"
        yield from self._settled(self.name)
        yield f"link del {INNER}"

    def _settled(self, name: str) -> Iterator[str]:
        for address in self.addresses:
            alone = " nodad" if ":" in address else " brd +"
            yield f"addr add {address} dev {name}{alone}"
        # Those to neighbours first: the others lead by way of them.
        for route in sorted(self.routes, key=lambda one: " via " in f" {one} "):
            yield f"{'-6 ' if ':' in route else ''}route replace {route} dev {name}"


class Takeover:
    """An interface that is taken, until it is given back.

    Args:
        interface: Which.

    Raises:
        InterfaceError: It is taken already.
        PrivilegeError: The system forbids it.
    """

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        if (inner := _shown(INNER)) is not None:
            problem = "is taken already: usernet container --restore gives it back"
            raise InterfaceError(problem, interface=str(inner.get("ifalias", interface.name)))
        try:
            _batch(interface.taking())
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let it be as it was. Safe to call twice."""
        restore()


def find(network: str | None = None) -> Interface:
    """The interface by which a network is reached.

    Args:
        network: A subnet, an address or a name in it; the way to everywhere else where None.

    Raises:
        ConfigError: No interface leads there, or it is not said which.
    """
    if network is None:
        found = cast("list[dict[str, str]]", json.loads(_ip("-j", "route", "show", "default")))
        names = sorted({one["dev"] for one in found})
        if len(names) != 1:
            allowed = "--network NETWORK, such as 10.5.0.0/24"
            problem = "no default route" if not names else f"default routes by {names}"
            raise ConfigError(problem, path="network", allowed=allowed)
        return _read(names[0])
    try:
        (found_route,) = json.loads(_ip("-j", "route", "get", _address(network.partition("/")[0])))
    except (ConfigError, OSError):
        raise ConfigError("no way leads there", path="network", value=network) from None
    name = str(found_route["dev"])
    if name == "lo":
        raise ConfigError("is this machine itself", path="network", value=network)
    return _read(name)


def restore() -> str | None:
    """Give back what a process took, wherever it ended; the interface's name, if one was taken.

    Raises:
        PrivilegeError: The system forbids it.
    """
    inner = _shown(INNER)
    if inner is None:
        return None
    name = inner.get("ifalias")
    if not isinstance(name, str):  # it was killed before it took anything
        _ip("link", "del", INNER)
        return None
    taken, outer = _read(INNER), _read(name)
    addresses = dict.fromkeys((*taken.addresses, *outer.addresses))
    routes = dict.fromkeys((*taken.routes, *outer.routes))
    _batch(Interface(name, taken.mac, taken.mtu, (*addresses,), (*routes,)).returning())
    return name


def _address(target: str) -> str:
    """The address of a name, as the machine finds it."""
    return str(socket.getaddrinfo(target, None, type=socket.SOCK_STREAM)[0][4][0])


def _read(name: str) -> Interface:
    (link,) = json.loads(_ip("-j", "addr", "show", "dev", name))
    addresses = tuple(
        f"{one['local']}/{one['prefixlen']}"
        for one in link["addr_info"]
        if one["scope"] in {"global", "link"}
    )
    routes = (
        line.replace(" linkdown", "").strip()
        for family in ("-4", "-6")
        for line in _ip(family, "route", "show", "dev", name).splitlines()
    )
    kept = tuple(one for one in routes if one and "proto kernel" not in one)
    return Interface(name, link["address"], link["mtu"], addresses, kept)


def _other(mac: str) -> str:
    return ":".join(f"{one:02x}" for one in _LOCAL[:4] + bytes.fromhex(mac.replace(":", ""))[4:])


def _shown(name: str) -> dict[str, object] | None:
    """What ip(8) shows of an interface; None where there is none of that name."""
    every = cast("list[dict[str, object]]", json.loads(_ip("-j", "link", "show")))
    return next((one for one in every if one["ifname"] == name), None)


def _batch(commands: Iterable[str]) -> None:
    _ip("-batch", "-", given="".join(f"{one}\n" for one in commands))


def _ip(*words: str, given: str | None = None) -> str:
    """Run ip(8).

    Raises:
        ConfigError: It is missing, or refuses.
        PrivilegeError: The system forbids it.
    """
    try:
        ran = subprocess.run(
            ["ip", *words], input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        allowed = "install it: apt-get install iproute2"
        raise ConfigError("the program ip is missing", allowed=allowed) from None
    if ran.returncode == 0:
        return ran.stdout
    said = " ".join(ran.stderr.split())
    if "not permitted" in said:
        problem = "the interfaces of this network may not be changed"
        grant = "docker run --cap-add NET_ADMIN --cap-add NET_RAW"
        raise PrivilegeError(problem, capability="CAP_NET_ADMIN", grant=grant)
    command = " ".join(words)
    if given is not None and (failed := _FAILED.fullmatch(said)):
        said, command = failed[1], given.splitlines()[int(failed[2]) - 1]
    raise ConfigError(f"ip {command}: {said}")
