"""redis-py's asyncio client, as it is, against a small server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis.asyncio as redis

from .lan import on_lan

if TYPE_CHECKING:
    import asyncio

    from usernet.net.host import Host


class Store:
    """A server that speaks enough of RESP2: SET, GET, and whatever a client says hello with."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            writer.write(self.answer(*words))
        writer.close()

    def answer(self, command: bytes, *words: bytes) -> bytes:
        if command == b"SET":
            self.values[words[0]] = words[1]
        elif command == b"GET":
            value = self.values.get(words[0])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        elif command == b"HELLO":
            return b"-ERR unknown command\r\n"
        return b"+OK\r\n"


def test_values() -> None:
    async def body(client: Host, server: Host) -> None:
        listener = await server.start_server(Store().serve, port=6379)
        with client:
            async with redis.Redis(host="server", protocol=2) as session:
                assert await session.set("key", b"v" * 100_000)
                assert await session.get("key") == b"v" * 100_000
                assert await session.get("other") is None
                async with session.pipeline(transaction=False) as pipeline:
                    for number in range(100):
                        pipeline.set(f"key {number}", number)
                    assert await pipeline.execute() == [True] * 100
        listener.close()

    on_lan(body)
