"""What runs in a server's loop: uvicorn with the site on each socket, and its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvicorn

from usernet.web.api import Api
from usernet.web.guard import Guard
from usernet.web.hub import Hub
from usernet.web.site import site

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

    from usernet.control import Control
    from usernet.control.story import Story
    from usernet.web.token import Token

__all__ = ["serve"]

_MOST_AT_ONCE = 200
"""Connections; more are told that there are too many."""
_KEPT = 30
"""Seconds that an idle connection is kept."""
_GRACE = 1
"""Seconds that open requests have at the end."""


async def serve(
    control: Control,
    story: Story,
    *,
    public: socket.socket | None,
    local: socket.socket | None,
    token: Token | None,
    stop: asyncio.Event,
) -> None:
    """Serve until it is to stop."""
    hub = Hub(control)
    api = Api(control, hub, story)
    app = site(control, api, is_open=token is None)
    servers: list[tuple[_Server, socket.socket]] = []
    if public is not None:
        servers.append((_server(Guard(app, token=token), stop), public))
    if local is not None:
        servers.append((_server(Guard(app, is_local=True), stop), local))
    try:
        async with asyncio.TaskGroup() as tasks:
            for server, listener in servers:
                tasks.create_task(server.serve(sockets=[listener]))
            await stop.wait()
            hub.close()
    finally:
        for server, _ in servers:
            server.let_go()
        api.close()


class _Server(uvicorn.Server):
    """One that does nothing while nobody asks: uvicorn's own wakes ten times a second."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def main_loop(self) -> None:
        """Serve until it is to stop."""
        await self._stop.wait()

    def let_go(self) -> None:
        """End what connections are left, as after a failure: nobody answers there."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _server(app: ASGIApp, stop: asyncio.Event) -> _Server:
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # it would be as old as the last tick of uvicorn's own loop
        proxy_headers=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=_KEPT,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=32 << 10,
    )
    return _Server(config, stop)
