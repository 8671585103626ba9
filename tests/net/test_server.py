"""Servers: they listen, accept, and end as asyncio's."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Callable, Coroutine

import pytest

from usernet.net.simulate import simulate

from .ideal import IdealNetwork, ideal

Body = Callable[[IdealNetwork], Coroutine[object, object, None]]


def on_network(body: Body) -> None:
    async def main() -> None:
        with ideal() as network:
            await body(network)

    simulate(main())


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_what_it_listens_on() -> None:
    async def body(network: IdealNetwork) -> None:
        _, server = network.hosts
        listener = await server.start_server(hold, port=7)
        assert [one.getsockname() for one in listener.sockets] == [
            ("0.0.0.0", 7),
            ("::", 7, 0, 0),
        ]
        assert listener.is_serving()
        assert listener.get_loop() is asyncio.get_running_loop()
        listener.close()
        assert listener.sockets == ()
        assert not listener.is_serving()

    on_network(body)


def test_a_free_port_is_known_before_it_listens() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(hold, "10.0.0.2", 0, start_serving=False)
        port = listener.sockets[0].getsockname()[1]
        assert port > 1023
        with pytest.raises(ConnectionRefusedError):
            await laptop.open_connection("10.0.0.2", port)
        await listener.start_serving()
        _, writer = await laptop.open_connection("10.0.0.2", port)
        writer.close()
        listener.close()

    on_network(body)


def test_addresses_that_are_taken_or_of_nobody() -> None:
    async def body(network: IdealNetwork) -> None:
        _, server = network.hosts
        listener = await server.start_server(hold, ["10.0.0.2", "10.0.0.2"], 7)
        assert len(listener.sockets) == 1
        with pytest.raises(OSError, match="address already in use") as caught:
            await server.start_server(hold, "10.0.0.2", 7)
        assert caught.value.errno == errno.EADDRINUSE
        with pytest.raises(OSError, match="could not bind on any address"):
            await server.start_server(hold, "10.9.9.9", 7)
        with pytest.raises(ValueError, match="Neither host/port nor sock"):
            await server.start_server(hold)
        with pytest.raises(TypeError, match="SSLContext"):
            await server.start_server(hold, port=7, ssl=True)  # type: ignore[arg-type]
        listener.close()

    on_network(body)


def test_serve_forever_ends_when_cancelled() -> None:
    async def body(network: IdealNetwork) -> None:
        _, server = network.hosts
        listener = await server.start_server(hold, port=7, start_serving=False)
        async with asyncio.TaskGroup() as group:
            forever = group.create_task(listener.serve_forever())
            await asyncio.sleep(5)
            assert listener.is_serving()
            with pytest.raises(RuntimeError, match="already being awaited"):
                await listener.serve_forever()
            forever.cancel()
        assert not listener.is_serving()
        with pytest.raises(RuntimeError, match="is closed"):
            await listener.serve_forever()

    on_network(body)


def test_wait_closed_waits_as_this_python_does() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        loop = asyncio.get_running_loop()
        listener = await server.start_server(hold, port=7)
        _, writer = await laptop.open_connection("server", 7)
        await asyncio.sleep(1)
        loop.call_later(10, writer.close)
        listener.close()
        await listener.wait_closed()
        waited = loop.time() > 10
        assert waited == (sys.version_info >= (3, 12, 1))
        await asyncio.sleep(20)

    on_network(body)


def test_clients_can_be_closed_and_aborted() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        listener = await server.start_server(hold, port=7)
        reader, writer = await laptop.open_connection("server", 7)
        await asyncio.sleep(1)
        listener.close_clients()
        assert await reader.read() == b""
        writer.close()
        reader, writer = await laptop.open_connection("server", 7)
        await asyncio.sleep(1)
        listener.abort_clients()
        assert await reader.read() == b""
        writer.close()
        listener.close()

    on_network(body)


def test_a_factory_that_raises_refuses_one_connection() -> None:
    async def body(network: IdealNetwork) -> None:
        laptop, server = network.hosts
        loop = asyncio.get_running_loop()
        reported: list[object] = []
        loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
        answers = iter([ZeroDivisionError(), None])

        def factory() -> asyncio.Protocol:
            error = next(answers)
            if error is not None:
                raise error
            return asyncio.Protocol()

        listener = await server.create_server(factory, port=7)
        with pytest.raises(ConnectionResetError):
            await laptop.open_connection("10.0.0.2", 7)
        _, writer = await laptop.open_connection("server", 7)
        await asyncio.sleep(1)
        assert [type(error) for error in reported] == [ZeroDivisionError]
        writer.close()
        listener.close()

    on_network(body)
