"""Connecting: from a name to a connection that stands, one address after another or in a race."""

from __future__ import annotations

import asyncio
import functools
import itertools
from asyncio import staggered
from typing import TYPE_CHECKING, cast

from usernet.net import operations
from usernet.net.socket import Socket
from usernet.net.transports import StreamTransport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usernet.net.host import Host
    from usernet.net.resolver import AddressInfo
    from usernet.net.tls import Tls

__all__ = ["begin", "connect", "interleaved"]


async def connect(
    host: Host,
    infos: Sequence[AddressInfo],
    local_infos: Sequence[AddressInfo] | None,
    *,
    delay: float | None,
    all_errors: bool,
    options: Mapping[str, object],
) -> Socket:
    """A connected socket, to the first of these addresses that answers.

    Args:
        host: The host to connect from.
        infos: Where to, as ``getaddrinfo`` says it.
        local_infos: From which local addresses; None for any.
        delay: Seconds after which the next address is tried beside the one before (RFC 8305); None
            to try it only after that one has failed.
        all_errors: Whether to raise all errors, as a group.
        options: Options of the core, for each socket.

    Raises:
        OSError: None answers.
    """
    errors: list[OSError] = []
    attempt = functools.partial(_attempt, host, local_infos, options, errors)
    if delay is None:
        for info in infos:
            try:
                return await attempt(info)
            except OSError:
                continue
    else:
        race = (functools.partial(attempt, info) for info in infos)
        winner, _, _ = await staggered.staggered_race(race, delay)
        if winner is not None:
            return cast("Socket", winner)
    raise _together(errors, all_errors=all_errors)


async def _attempt(
    host: Host,
    local_infos: Sequence[AddressInfo] | None,
    options: Mapping[str, object],
    errors: list[OSError],
    info: AddressInfo,
) -> Socket:
    family, kind, proto, _, address = info
    socket = Socket(family, kind, proto, host=host)
    socket.setblocking(False)
    socket.said.core.update({"nodelay": True, **options})
    try:
        _bind(socket, local_infos)
        await operations.connect(socket, address)
    except OSError as error:
        socket.close()
        errors.append(error)
        raise
    except BaseException:
        socket.close()
        raise
    return socket


def _bind(socket: Socket, local_infos: Sequence[AddressInfo] | None) -> None:
    if local_infos is None:
        return
    error = OSError(f"no matching local address with family={socket.family} found")
    for family, _, _, _, address in local_infos:
        if family != socket.family:
            continue
        try:
            socket.bind(address)
        except OSError as failed:
            error = OSError(failed.errno, f"error while attempting to bind on {address}: {failed}")
        else:
            return
    raise error


def _together(errors: list[OSError], *, all_errors: bool) -> Exception:
    """What to raise when no address answers: as asyncio, but of the kind that all of them are."""
    if all_errors:
        return ExceptionGroup("create_connection failed", errors)
    first = errors[0]
    if all(str(error) == str(first) for error in errors):
        return first
    message = f"Multiple exceptions: {', '.join(str(error) for error in errors)}"
    alike = all(error.errno == first.errno for error in errors)
    return OSError(first.errno, message) if alike and first.errno else OSError(message)


def interleaved(infos: Sequence[AddressInfo], first_count: int) -> list[AddressInfo]:
    """The addresses, with those of both families in turn (RFC 8305, 4).

    Args:
        infos: In the order of preference.
        first_count: How many of the first family come before the first of the other.
    """
    families: dict[int, list[AddressInfo]] = {}
    for info in infos:
        families.setdefault(info[0], []).append(info)
    lists = list(families.values())
    head, lists[0] = lists[0][: first_count - 1], lists[0][first_count - 1 :]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*lists))
    return head + [info for info in turns if info is not None]


async def begin(
    socket: Socket, protocol: asyncio.BaseProtocol, tls: Tls | None
) -> asyncio.Transport:
    """Make a connected socket a transport; returns after `connection_made` or the TLS handshake."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    core = socket.hand_over()
    make = functools.partial(StreamTransport, loop, socket.host, core, socket=socket)

    if tls is None:
        transport: asyncio.Transport = make(protocol, waiter=waiter)
    else:
        transport = tls.over(make, loop, protocol, waiter)
    try:
        await waiter
    except BaseException:
        transport.close()
        raise
    return transport
