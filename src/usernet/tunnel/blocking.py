"""Blocking: what a tunnel does for programs that wait, beside its loop."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, TypeAlias

from usernet.net.resolver import address_infos
from usernet.tunnel.beside import beside
from usernet.tunnel.exchange import PORT
from usernet.tunnel.lookup import TCP_PATIENCE
from usernet.tunnel.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from usernet.net.host import Host
    from usernet.tunnel.dns_message import Reply
    from usernet.tunnel.lookup import Ask
    from usernet.tunnel.resolver import Resolver

__all__ = ["connected", "resolved_aside"]

_Connect: TypeAlias = "Callable[[tuple[str, int], float], socket.socket]"


def connected(
    host: Host, targets: Sequence[str], port: int, timeout: float | None
) -> socket.socket:
    """A connection to the first of these addresses that answers; each gets its part of the time.

    Raises:
        OSError: None does; it is what became of the first.
    """
    failed: list[OSError] = []
    clock = host.network.engine.now
    until = None if timeout is None else clock() / 1e9 + timeout
    for place, target in enumerate(targets):
        left = None if until is None else max(until - clock() / 1e9, 0.0)
        share = None if left is None else left / (len(targets) - place)
        try:
            connection = host.connect_socket((target, port), share)
        except OSError as error:
            failed.append(error)
        else:
            connection.settimeout(timeout)
            return connection
    raise failed[0]


def resolved_aside(
    host: Host,
    resolver: Resolver,
    outside: Container[str],
    name: str,
    family: int,
    *,
    timeout: float | None,
) -> list[str]:
    """Resolve a name while the loop that would take the answers is blocked.

    So servers are asked by TCP on real descriptors, in a loop beside it.

    Raises:
        UnknownNameError: The name is not known.
        TimeoutError: There was no answer in time.
    """

    async def exchange(ask: Ask) -> Reply | None:
        by_machine = ask.server in outside
        connect = socket.create_connection if by_machine else host.connect_socket
        return await beside(lambda: _ask(connect, ask))

    aside = LoopThread("usernet: names")
    try:
        known = aside.call(resolver.asked_by(exchange).addresses(name, family), timeout)
    finally:
        aside.close()
    infos = address_infos(
        host.network, host.name, name, None, family=family, type=socket.SOCK_STREAM, known=known
    )
    return [info[4][0] for info in infos]


def _ask(connect: _Connect, ask: Ask) -> Reply | None:
    """Ask by TCP, where each message has its length before it (RFC 1035, 4.2.2)."""
    try:
        with connect((ask.server, PORT), max(ask.seconds, TCP_PATIENCE)) as stream:
            stream.sendall(len(ask.data).to_bytes(2, "big") + ask.data)
            with stream.makefile("rb") as answer:
                return ask.answer(answer.read(int.from_bytes(answer.read(2), "big")))
    except OSError:
        return None
