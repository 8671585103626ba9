"""``usernet trace``: the path to a host in a tunnel, hop by hop."""

from __future__ import annotations

import socket
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from usernet.programs.options import TunnelOptions
from usernet.programs.tracing import Tracing, Wishes

__all__ = ["trace"]

_FIRST_PORT = 33434
"""The UDP port of the first request, each further one has the next (traceroute(8), ``-p``)."""
_TIMEOUT = 5.0
"""How long an answer is waited for (traceroute(8), ``-w``)."""


def trace(
    host: str,
    /,
    *,
    tunnel: TunnelOptions | None = None,
    hops: Annotated[int, Parameter(alias="-m", validator=Number(gte=1, lte=255))] = 30,
    queries: Annotated[int, Parameter(alias="-q", validator=Number(gte=1, lte=10))] = 3,
    udp: bool = False,
    port: Annotated[int | None, Parameter(validator=Number(gte=1, lte=65535))] = None,
    ipv4: Annotated[bool, Parameter(alias="-4")] = False,
    ipv6: Annotated[bool, Parameter(alias="-6")] = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Find the path to a host in a tunnel; 1 is the exit code where it does not get there.

    For example: `usernet trace --wireguard wg0.conf db.internal`. Echo requests go as far as one
    hop, two hops and so on; whoever drops one for that says so, unless it keeps quiet: `*`. With
    `--udp` they are datagrams, which some let pass who let no echo request pass.

    Args:
        host: A name, which is looked up in the tunnel, or an address.
        tunnel: Which tunnel, and how to enter it; --timeout is how long to wait for an answer.
        hops: How far at most.
        queries: How many requests for each hop.
        udp: Send datagrams in place of echo requests, to ports from 33434 on where nothing is.
        port: Send datagrams, all to this port: 53, say, or 443.
        ipv4: An IPv4 address of the name.
        ipv6: An IPv6 address of the name.
        as_json: Print JSON, one hop a line.
    """
    tunnel = tunnel or TunnelOptions()
    family = socket.AF_INET if ipv4 else socket.AF_INET6 if ipv6 else 0
    wait = tunnel.seconds if tunnel.timeout else _TIMEOUT
    with tunnel.enter() as way:
        address = way.resolve(host, family, timeout=wait)[0]
        first = port or (_FIRST_PORT if udp else None)
        wishes = Wishes(host, address, hops, queries, wait, first, port is None)
        return Tracing(way, wishes, as_json=as_json).to_the_end()
