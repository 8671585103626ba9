"""Server: takes clients on ports of this machine, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
import traceback
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeAlias

from usernet.errors import ConfigError, UsernetError, network_failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["MOST_CLIENTS", "Say", "Serve", "is_loopback", "listening", "place", "serve", "words"]

MOST_CLIENTS = 1024
"""Clients that are served at a time; further ones wait in the port's queue."""

Serve: TypeAlias = "Callable[[socket.socket], Awaitable[None]]"
"""Serves one client, whose socket does not block. The socket is closed afterwards."""
Say: TypeAlias = "Callable[[str], None]"
"""Takes a line for a person who wants to know what goes on."""

_BACKLOG = 128
_RETRY_SECONDS = 1.0
"""How long to wait where descriptors have run out, as asyncio does."""
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; ``localhost`` is one."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def place(host: str, port: int) -> str:
    """A host and a port, as people write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening(host: str, port: int, kind: int = socket.SOCK_STREAM) -> list[socket.socket]:
    """Sockets of this machine that listen, or are bound, at an address; they do not block.

    Args:
        host: A numeric address, or a name for several.
        port: The port; 0 for any that is free.
        kind: ``SOCK_STREAM`` or ``SOCK_DGRAM``.

    Raises:
        ConfigError: There is no such address.
        OSError: The port is taken, or not for everybody to take.
    """
    try:
        infos = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        allowed = "an address of this machine, such as 127.0.0.1"
        raise ConfigError("no address", path="listen", value=host, allowed=allowed) from None
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in infos:
            chosen = sockets[0].getsockname()[1] if sockets and not port else port
            sockets.append(_bound(family, kind, (str(address[0]), chosen)))
    except OSError as error:
        for one in sockets:
            one.close()
        raise OSError(error.errno, os.strerror(error.errno or 0), place(host, port)) from None
    return sockets


def _bound(family: int, kind: int, address: tuple[str, int]) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def words(error: Exception) -> str:
    """What an error says to a person."""
    failure = None if isinstance(error, UsernetError) else network_failure(error)
    return failure.message if failure else str(error) or type(error).__name__


async def serve(
    sockets: Iterable[socket.socket], one: Serve, say: Say, most: int = MOST_CLIENTS
) -> None:
    """Take clients until cancelled, and serve each; what goes wrong with one is that one's alone.

    Args:
        sockets: Where they come; closed in the end.
        one: Serves one of them.
        say: Told why one was not served.
        most: How many are served at a time.
    """
    listeners = list(sockets)
    room = asyncio.Semaphore(most)
    try:
        async with asyncio.TaskGroup() as group:
            for listener in listeners:
                group.create_task(_accept(listener, one, say, room, group))
    finally:
        for listener in listeners:
            listener.close()


async def _accept(
    listener: socket.socket, one: Serve, say: Say, room: asyncio.Semaphore, group: asyncio.TaskGroup
) -> None:
    while True:
        await room.acquire()
        try:
            client = await _next(listener)
        except BaseException:
            room.release()
            raise
        group.create_task(_served(client, one, say, room))


async def _next(listener: socket.socket) -> socket.socket:
    """The next client."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            client, _ = await loop.sock_accept(listener)
        except ConnectionError:
            continue  # it went away while it waited
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return client


async def _served(client: socket.socket, one: Serve, say: Say, room: asyncio.Semaphore) -> None:
    try:
        if client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await one(client)
    except TimeoutError:
        say("client: took too long to say what it wants")
    except OSError as error:
        say(f"client: {words(error)}")
    except Exception:
        sys.stderr.write(traceback.format_exc())
    finally:
        client.close()
        room.release()
