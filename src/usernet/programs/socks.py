"""``usernet socks``: a SOCKS 5 proxy into a tunnel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from usernet.programs.options import TunnelOptions
from usernet.programs.proxying import serve_proxy
from usernet.proxy.socks import SocksProxy

__all__ = ["socks"]


def socks(
    *,
    tunnel: TunnelOptions | None = None,
    listen: str = "127.0.0.1:1080",
    auth: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Be a SOCKS 5 proxy into a tunnel, until Ctrl-C.

    For example: `usernet socks --wireguard wg0.conf`, and beside it
    `curl --proxy socks5h://127.0.0.1:1080 http://wiki.internal/`.

    Names are looked up in the tunnel. Connections and datagrams go through it; nobody can be
    called back (BIND).

    Args:
        tunnel: Which tunnel, and how to enter it.
        listen: Where clients come, such as [::1]:1080; port 0 is any that is free.
        auth: A file with user:password a line: only these may use it. USERNET_PROXY_AUTH may hold
            one, too.
        as_json: Print JSON, one event a line: where it listens.
    """
    serve_proxy(SocksProxy, "SOCKS 5", tunnel, listen, auth=auth, as_json=as_json)
