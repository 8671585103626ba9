"""httpx against uvicorn, as they are."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from .lan import on_lan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from usernet.net.host import Host

Message = dict[str, Any]


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """An ASGI application that answers with what it was sent, an hour later if asked."""
    assert scope["type"] == "http"
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/later":
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body or b"empty"})


@asynccontextmanager
async def serving(host: Host) -> AsyncIterator[None]:
    config = uvicorn.Config(app, host="0.0.0.0", port=8000, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(host.run(server.serve()))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.1)
        yield
        server.should_exit = True


def test_requests() -> None:
    async def body(client: Host, server: Host) -> None:
        async with serving(server):
            with client:
                async with httpx.AsyncClient(timeout=None, trust_env=False) as session:
                    answer = await session.post("http://server:8000/", content=b"y" * 200_000)
                    assert answer.content == b"y" * 200_000
                    before = asyncio.get_running_loop().time()
                    answer = await session.get("http://server:8000/later")
                    assert answer.text == "empty"
                    assert asyncio.get_running_loop().time() - before > 3600

    on_lan(body)
