"""Probe: one echo request, or datagram, with a hop limit, and whatever comes back for it."""

from __future__ import annotations

import asyncio
import contextvars
import json
from typing import TYPE_CHECKING

from usernet.config.echo import EchoAnswer
from usernet.net.bridge import GONE

if TYPE_CHECKING:
    from usernet.net.border import CoreSocket
    from usernet.net.host import Host

__all__ = ["probe"]

_NANOSECONDS = 1_000_000_000


async def probe(
    host: Host,
    address: str,
    *,
    number: int = 1,
    size: int = 56,
    hop_limit: int = 64,
    port: int | None = None,
    timeout: float,  # noqa: ASYNC109
) -> EchoAnswer:
    """Send an echo request or a datagram, and wait for the reply or an error.

    Args:
        host: Who asks.
        address: Who is asked: numeric.
        number: The sequence number of the request.
        size: How many bytes it carries.
        hop_limit: How many routers it may pass, the last host included.
        port: A UDP port, for a datagram in place of an echo request.
        timeout: For how many seconds to wait.

    Raises:
        TimeoutError: Nothing came back.
        OSError: There is no route.
    """
    socket = _opened(host, address, json.dumps({"hop_limit": hop_limit}), port)
    try:
        answer = asyncio.get_running_loop().create_future()
        begun = host.network.engine.now()

        def on_events(flags: int) -> None:
            found = None if flags & GONE or answer.done() else _answer(host, socket, address, begun)
            if found is not None:
                answer.set_result(found)

        host.network.bridge.watch(socket.key, contextvars.copy_context(), on_events)
        socket.send_to(bytes(size), (address, number if port is None else port))
        host.network.bridge.soon()
        return await asyncio.wait_for(answer, timeout)
    finally:
        host.network.bridge.forget(socket.key)
        socket.close()


def _opened(host: Host, address: str, options: str, port: int | None) -> CoreSocket:
    engine = host.network.engine
    if port is None:
        return engine.echo(host.name, options)
    own = "::" if ":" in address else "0.0.0.0"
    return engine.bind(host.name, (own, 0), (address, port), options)


def _answer(host: Host, socket: CoreSocket, address: str, begun: int) -> EchoAnswer | None:
    report = socket.take_report()
    seconds = (host.network.engine.now() - begun) / _NANOSECONDS
    if report is not None:
        source, (kind, code), _, hop_limit = report
        return EchoAnswer(address, source, kind, code, seconds, hop_limit)
    return None if socket.receive_from() is None else EchoAnswer.of_datagram(address, seconds)
