"""Two hosts and a line between them, for programs that know nothing of either."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, TypeAlias

import trustme

from usernet.net.network import Network
from usernet.net.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from usernet.net.host import Host

Body: TypeAlias = "Callable[[Host, Host], Coroutine[object, object, None]]"


def on_lan(body: Body, *, loss: str = "0%", seed: int = 7) -> None:
    """Run a program with two hosts, ``client`` and ``server``, in virtual time."""

    async def main() -> None:
        async with Network() as net:
            client = net.host("client", "10.0.0.1/24", "fd00::1/64")
            server = net.host("server", "10.0.0.2/24", "fd00::2/64")
            net.link(client, server, delay="10ms", loss=loss)
            await body(client, server)

    simulate(main(), seed=seed)


def certificates(*names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a client, and of a server with these names."""
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(server)
    return client, server
