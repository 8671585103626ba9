"""``usernet http``: an HTTP proxy into a tunnel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from usernet.programs.options import TunnelOptions
from usernet.programs.proxying import serve_proxy
from usernet.proxy.http import HttpProxy

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
    serve_proxy(HttpProxy, "HTTP proxy", tunnel, listen, auth=auth, as_json=as_json)
