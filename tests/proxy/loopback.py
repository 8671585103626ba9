"""A dialler by this machine's own sockets, on loopback: what proxies do, without a network."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Self

import h11

from usernet.proxy.relay import relay
from usernet.proxy.server import listening, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from types import TracebackType

    from usernet.proxy.dialling import OnConnection, OnDatagram
    from usernet.proxy.server import Serve

HOSTS = {"db.internal": "127.0.0.1", "six.internal": "::1"}
"""Names that only the dialler knows."""


class Loopback:
    """Dials on this machine, and knows names that the machine does not."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []
        self.ready = asyncio.Event()
        """Set once a port listens, or is bound."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, host: str, port: int) -> socket.socket:
        self.dialled.append((host, port))
        address = await self.resolve(host)
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, port))
        except BaseException:
            made.close()
            raise
        return made

    async def carry(self, client: socket.socket, host: str, port: int, greeting: bytes) -> None:
        there = await self._connected(host, port)
        await asyncio.get_running_loop().sock_sendall(client, greeting)
        own = socket.socket(fileno=client.detach())
        task = asyncio.get_running_loop().create_task(_quietly(relay(own, there)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(sock=await self._connected(host, port))

    async def resolve(self, name: str) -> str:
        if name in HOSTS:
            return HOSTS[name]
        if not name.replace(".", "").isdigit() and ":" not in name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return name

    async def datagrams(self, port: int, on_datagram: OnDatagram) -> Plain:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Heard(on_datagram), ("127.0.0.1", port)
        )
        self.ready.set()
        return Plain(transport)

    async def listen(self, port: int, on_connection: OnConnection) -> None:
        async def served(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            own = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
            writer.transport.abort()
            await on_connection(Came(own))

        async with await asyncio.start_server(served, "127.0.0.1", port) as server:
            self.ready.set()
            await server.serve_forever()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


class Came:
    """A connection that somebody began."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self.remote: tuple[str, int] = stream.getpeername()

    async def carry(self, local: socket.socket) -> None:
        await relay(self._stream, local)

    def close(self) -> None:
        self._stream.close()


class Plain:
    """A UDP socket of this machine."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def send(self, data: bytes, host: str, port: int) -> None:
        self._transport.sendto(data, (host, port))

    def close(self) -> None:
        self._transport.close()


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: OnDatagram) -> None:
        self._on_datagram = on_datagram

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._on_datagram(data, *addr[:2])


@contextlib.asynccontextmanager
async def web(seen: list[tuple[h11.Request, bytes]]) -> AsyncIterator[int]:
    """A web server that answers each request with its body, in pieces; its port."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        body = b""
        while (event := connection.next_event()) is not h11.PAUSED:
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                seen.append((event, b""))
                body = b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                seen[-1] = (seen[-1][0], body)
                writer.writelines(_answer(connection, body))
                if connection.our_state is h11.DONE:
                    connection.start_next_cycle()
            else:
                break
        writer.close()

    async with await asyncio.start_server(serve_one, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def _answer(connection: h11.Connection, body: bytes) -> list[bytes]:
    answer = h11.Response(status_code=200, headers=[("X-Seen", "1"), ("TE", "x")])
    parts = [answer, h11.Data(data=b"got "), h11.Data(data=body), h11.EndOfMessage()]
    return [connection.send(part) or b"" for part in parts]


async def _quietly(coroutine: Coroutine[object, object, None]) -> None:
    with contextlib.suppress(OSError):
        await coroutine


@contextlib.asynccontextmanager
async def running(*coroutines: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Have these run beside what is inside, and end with it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in coroutines]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@contextlib.asynccontextmanager
async def served(serve_one: Serve, most: int = 1024) -> AsyncIterator[tuple[int, list[str]]]:
    """A port where clients are served, and what was said of them."""
    said: list[str] = []
    sockets = listening("127.0.0.1", 0)
    port: int = sockets[0].getsockname()[1]
    async with running(serve(sockets, serve_one, said.append, most)):
        yield port, said


@contextlib.asynccontextmanager
async def origin(*, greets: bytes = b"", host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that may speak first, and then echoes until the client's end; its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greets)
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        writer.close()

    async with await asyncio.start_server(echo, host, 0) as server:
        yield server.sockets[0].getsockname()[1]


async def program(*words: str, stdin: bytes = b"", **environment: str) -> tuple[int, bytes, str]:
    """Run a program; its exit code, what it wrote and what it said."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **environment} if environment else None,
    )
    async with asyncio.timeout(90):
        out, said = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, out, said.decode()
