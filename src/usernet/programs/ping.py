"""``usernet ping``: echo requests through a tunnel, as the program ping sends and tells them."""

from __future__ import annotations

import socket
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from usernet.config import units
from usernet.programs.options import TunnelOptions
from usernet.programs.pinging import Pinging, Wishes

__all__ = ["ping"]

_LARGEST = 65507
_TIMEOUT = 10.0


def ping(
    host: str,
    /,
    *,
    tunnel: TunnelOptions | None = None,
    count: Annotated[int | None, Parameter(alias="-c", validator=Number(gte=1))] = None,
    interval: Annotated[str, Parameter(alias="-i")] = "1s",
    size: Annotated[int, Parameter(alias="-s", validator=Number(gte=0, lte=_LARGEST))] = 56,
    ttl: Annotated[int, Parameter(alias="-t", validator=Number(gte=1, lte=255))] = 64,
    ipv4: Annotated[bool, Parameter(alias="-4")] = False,
    ipv6: Annotated[bool, Parameter(alias="-6")] = False,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Send echo requests through a tunnel until Ctrl-C; 1 is the exit code where no reply came.

    For example: `usernet ping --wireguard wg0.conf -c 3 db.internal`.

    Args:
        host: A name, which is looked up in the tunnel, or an address.
        tunnel: Which tunnel, and how to enter it.
        count: How many requests; no end without it.
        interval: Time from one to the next, such as 200ms.
        size: How many bytes each carries.
        ttl: How many hosts on the way may take it, the last one included.
        ipv4: An IPv4 address of the name.
        ipv6: An IPv6 address of the name.
        quiet: Print the first and the last lines only.
        as_json: Print JSON, one object a line.
    """
    tunnel = tunnel or TunnelOptions()
    family = socket.AF_INET if ipv4 else socket.AF_INET6 if ipv6 else 0
    pace = units.nanoseconds(interval, path="interval") / 1e9
    wait = tunnel.seconds if tunnel.timeout else _TIMEOUT
    with tunnel.enter() as way:
        address = way.resolve(host, family, timeout=wait)[0]
        wishes = Wishes(host, address, count, pace, size, ttl, wait)
        return Pinging(way, wishes, quiet=quiet, as_json=as_json).to_the_end()
