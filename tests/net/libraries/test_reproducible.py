"""One seed, one run: the same packets, hash for hash."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid

import aiohttp
import pytest
from aiohttp import web

from usernet.net.network import Network
from usernet.net.simulate import simulate


async def answer(request: web.Request) -> web.Response:
    # What programs draw by themselves shows in their packets.
    await asyncio.to_thread(random.random)  # noqa: TID251
    body = await request.read()
    await asyncio.sleep(random.random())  # noqa: TID251
    return web.Response(body=body, headers={"X-Request": str(uuid.uuid4())})


async def packets() -> str:
    """The hash of all that happened to packets while three clients upload."""
    async with Network() as net:
        client = net.host("client", "10.0.0.1/24")
        server = net.host("server", "10.0.0.2/24")
        net.link(client, server, delay="20ms", jitter="5ms", loss="2%", rate="20mbit")
        net.engine.keep_log()
        app = web.Application(client_max_size=1 << 30)
        app.add_routes([web.post("/", answer)])
        runner = web.AppRunner(app)
        with server:
            await runner.setup()
            await web.TCPSite(runner, port=80).start()
        with client:
            async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
                for size in (10_000, 50_000, 100_000):
                    group.create_task(upload(session, size))
        await runner.cleanup()
        return hashlib.sha256(net.engine.log()).hexdigest()


async def upload(session: aiohttp.ClientSession, size: int) -> None:
    async with session.post("http://server/", data=random.randbytes(size)) as response:  # noqa: TID251
        assert len(await response.read()) == size


@pytest.mark.parametrize("seed", [7, 8])
def test_the_same_seed_gives_the_same_packets(seed: int) -> None:
    assert simulate(packets(), seed=seed) == simulate(packets(), seed=seed)


def test_another_seed_gives_others() -> None:
    assert simulate(packets(), seed=7) != simulate(packets(), seed=8)
