"""``--publish``: ports of the machine that lead to a server inside, or of a peer."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Literal, cast

from usernet.config.apps import Publish
from usernet.errors import ConfigError
from usernet.sandbox.addresses import PROGRAM

__all__ = ["published", "published_to_peer"]

_FORM = re.compile(
    r"(?:(?P<address>\[[^]]+\]|[^:\]]+):)?(?P<outside>\d+):(?P<inside>\d+)(?:/(?P<protocol>tcp|udp))?",
    re.ASCII,
)
_TO_PEER = re.compile(
    r"(?:(?P<address>\[[^]]+\]|[^:\]]+):)?(?P<outside>\d+):"
    r"(?P<peer>\[[^]]+\]|[^:\]]+):(?P<inside>\d+)(?:/(?P<protocol>tcp|udp))?",
    re.ASCII,
)
_LOOPBACK = "127.0.0.1"
_MOST = 65535


def published(text: str) -> Publish:
    """Read ``[ADDRESS:]PORT:PORT[/udp]``; the machine's loopback where no address is given.

    A port of an IPv6 address leads to the program's IPv6 address.

    Raises:
        ConfigError: It is none.
    """
    found = _FORM.fullmatch(text)
    ports = [int(found[name]) for name in ("outside", "inside")] if found else []
    if found is None or not all(1 <= port <= _MOST for port in ports):
        allowed = "[ADDRESS:]PORT:PORT[/udp], such as 8080:80"
        raise ConfigError("not a port to publish", path="publish", value=text, allowed=allowed)
    address = _address(found["address"] or _LOOPBACK, text)
    outside, inside = (f"{one}:{port}" for one, port in zip(_ends(address), ports, strict=True))
    protocol = cast('Literal["tcp", "udp"]', found["protocol"] or "tcp")
    return Publish(outside, inside, protocol)


def published_to_peer(text: str) -> Publish:
    """Read ``[ADDRESS:]PORT:PEER:PORT[/udp]``; the machine's loopback where no address is given.

    Raises:
        ConfigError: It is none.
    """
    found = _TO_PEER.fullmatch(text)
    ports = [int(found[name]) for name in ("outside", "inside")] if found else []
    if found is None or not all(1 <= port <= _MOST for port in ports):
        allowed = "[ADDRESS:]PORT:PEER:PORT[/udp], such as 8080:10.0.0.2:80"
        raise ConfigError("not a port to publish", path="publish", value=text, allowed=allowed)
    hosts = (_address(found["address"] or _LOOPBACK, text), _address(found["peer"], text))
    listen, to = (
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for host, port in zip(hosts, ports, strict=True)
    )
    protocol = cast('Literal["tcp", "udp"]', found["protocol"] or "tcp")
    return Publish(listen, to, protocol)


def _address(given: str, text: str) -> str:
    try:
        return str(ip_address(given.strip("[]")))
    except ValueError:
        allowed = "a numeric address of this machine, or 0.0.0.0 for all"
        raise ConfigError("no address", path="publish", value=text, allowed=allowed) from None


def _ends(address: str) -> tuple[str, str]:
    """The machine's address and the program's, as they stand before a port."""
    if ":" in address:
        return f"[{address}]", f"[{PROGRAM[1].ip}]"
    return address, str(PROGRAM[0].ip)
