"""``usernet nc --udp``: each read of standard input is a datagram, and what comes is written."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.tunnel.way import Way

__all__ = ["exchange"]

_LARGEST = 65507
"""Bytes of the largest datagram of UDP over IPv4."""
_MILLISECONDS = 1e3


def exchange(way: Way, host: str, port: int, patience: float) -> int:
    """Send and receive until standard input ends and nothing has come for a while.

    Args:
        way: The way into the tunnel.
        host: Whom to send to; what comes from others is dropped.
        port: His port.
        patience: For how many seconds to wait for more, after the end of standard input.

    Raises:
        UnknownNameError: Nobody knows the name.
    """
    address = way.resolve(host, timeout=patience)[0]
    datagrams = way.datagrams()
    source, sink = sys.stdin.fileno(), sys.stdout.fileno()
    ready = select.poll()
    ready.register(source, select.POLLIN)
    ready.register(datagrams.fileno(), select.POLLIN)
    is_open = True
    try:
        while found := dict(ready.poll(None if is_open else patience * _MILLISECONDS)):
            if datagrams.fileno() in found:
                data, *origin = datagrams.receive(0)
                if origin == [address, port]:
                    os.write(sink, data)
            if source in found:
                data = os.read(source, _LARGEST)
                if data:
                    datagrams.send(data, address, port)
                else:
                    ready.unregister(source)
                    is_open = False
    finally:
        datagrams.close()
    return 0
