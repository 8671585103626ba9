"""Proxying: programs that listen for clients until they are told to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

from usernet.errors import ConfigError
from usernet.programs.tunnel_options import TunnelOptions
from usernet.proxy.by_way import ByWay
from usernet.proxy.credentials import VARIABLE, credentials
from usernet.proxy.server import is_loopback, listening, place, serve

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from pathlib import Path

    from usernet.proxy.credentials import Credentials
    from usernet.proxy.http import HttpProxy
    from usernet.proxy.socks import SocksProxy

__all__ = ["Voice", "admitted", "listen_address", "serve_proxy", "to_the_end"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LARGEST_PORT = 65535


class Voice:
    """What a program that listens says: of failures always, of requests to who wants to know.

    Args:
        tunnel: The options, which say whether to tell of requests.
        as_json: Events go to standard output, as JSON, one a line.
    """

    def __init__(self, tunnel: TunnelOptions, *, as_json: bool) -> None:
        self._tunnel = tunnel
        self._as_json = as_json

    def listening(self, what: str, at: str, **facts: object) -> None:
        """Tell where clients are awaited."""
        if self._as_json:
            print(json.dumps({"event": "listening", "at": at, **facts}), flush=True)
        elif sys.stderr and sys.stderr.isatty():
            self.warn(f"{what}; Ctrl-C ends it")

    def say(self, text: str) -> None:
        """Tell what is asked for."""
        self._tunnel.say(text)

    def warn(self, text: str) -> None:
        """Tell what did not go well."""
        sys.stderr.write(f"usernet: {text}\n")
        sys.stderr.flush()


def listen_address(text: str, path: str = "listen") -> tuple[str, int]:
    """Read ``127.0.0.1:1080``, ``[::1]:1080`` or ``1080``.

    Raises:
        ConfigError: It is none of these.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > _LARGEST_PORT:
        allowed = "such as 127.0.0.1:1080, [::1]:1080 or 1080"
        raise ConfigError("no address to listen on", path=path, value=text, allowed=allowed)
    return host.strip("[]") or "127.0.0.1", int(port)


def admitted(auth: Path | None, host: str, voice: Voice) -> Credentials | None:
    """Who may use a proxy that listens at this address.

    Raises:
        ConfigError: Others than this machine could reach it, and nobody is asked for a password.
    """
    users = credentials(auth, warn=voice.warn)
    if users is None and not is_loopback(host):
        allowed = f"an address of loopback, or --auth FILE, or {VARIABLE}=user:password"
        problem = "everybody who reaches this address could enter the tunnel"
        raise ConfigError(problem, path="listen", value=host, allowed=allowed)
    return users


def serve_proxy(
    kind: type[HttpProxy | SocksProxy],
    called: str,
    tunnel: TunnelOptions | None,
    listen: str,
    *,
    auth: Path | None,
    as_json: bool,
) -> None:
    """Be a proxy into a tunnel until a signal asks to end.

    Args:
        kind: What speaks with clients.
        called: What people call it.
        tunnel: Which tunnel, and how to enter it.
        listen: Where clients come.
        auth: A file of those who may use it.
        as_json: Tell where it listens as JSON.

    Raises:
        ConfigError: An option or a file is wrong.
        OSError: The address cannot be had.
    """
    options = tunnel or TunnelOptions()
    voice = Voice(options, as_json=as_json)
    host, port = listen_address(listen)
    users = admitted(auth, host, voice)
    with options.enter() as way:
        way.status()  # what is wrong with the tunnel's files is said now
        dialler = ByWay(way, options.seconds)
        sockets = listening(host, port)
        at = place(*sockets[0].getsockname()[:2])
        proxy = kind(dialler, users, voice.say, voice.warn)
        voice.listening(f"{called} at {at}", at)
        to_the_end([serve(sockets, proxy.serve, voice.warn)])
        dialler.close()


def to_the_end(jobs: Iterable[Coroutine[object, object, None]]) -> None:
    """Run these until a signal asks to end, or one fails.

    Raises:
        Exception: What the first that failed has raised.
    """
    try:
        asyncio.run(_until_told(jobs))
    except* Exception as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


async def _until_told(jobs: Iterable[Coroutine[object, object, None]]) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]

        def end() -> None:
            for task in tasks:
                task.cancel()

        for number in _ENDING:
            loop.add_signal_handler(number, end)
