"""``usernet http``: an HTTP proxy into a tunnel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from usernet.programs.options import TunnelOptions
from usernet.programs.proxying import Voice, admitted, listen_address, to_the_end
from usernet.proxy.by_way import ByWay
from usernet.proxy.http import HttpProxy
from usernet.proxy.server import listening, place, serve

__all__ = ["http"]


def http(
    *,
    tunnel: TunnelOptions | None = None,
    listen: str = "127.0.0.1:8080",
    auth: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Be an HTTP proxy into a tunnel, until Ctrl-C.

    For example: `usernet http --wireguard wg0.conf`, and beside it
    `https_proxy=http://127.0.0.1:8080 curl https://wiki.internal/`.

    It takes CONNECT, for whatever is encrypted, and plain http:// requests. Names are looked up in
    the tunnel.

    Args:
        tunnel: Which tunnel, and how to enter it.
        listen: Where clients come, such as [::1]:8080; port 0 is any that is free.
        auth: A file with user:password a line: only these may use it. USERNET_PROXY_AUTH may hold
            one, too.
        as_json: Print JSON, one event a line: where it listens.
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
        proxy = HttpProxy(dialler, users, voice.say, voice.warn)
        voice.listening(f"HTTP proxy at {at}", at)
        to_the_end([serve(sockets, proxy.serve, voice.warn)])
        dialler.close()
