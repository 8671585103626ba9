"""Whatever is written, however it is read, and whatever the line does: all bytes come, in order."""

from __future__ import annotations

import asyncio
import random
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from usernet.net.network import Network
from usernet.net.simulate import simulate


class Fitful(asyncio.Protocol):
    """Reads, and pauses after some chunks for a while."""

    def __init__(self, pauses: list[float]) -> None:
        self.pauses = list(pauses)
        self.data = bytearray()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        if self.pauses:
            self.transport.pause_reading()
            loop = asyncio.get_running_loop()
            loop.call_later(self.pauses.pop(), self.transport.resume_reading)

    def eof_received(self) -> None:
        self.ended.set_result(None)


class FitfulBuffer(Fitful, asyncio.BufferedProtocol):
    """The same, with a small buffer of its own."""

    def get_buffer(self, sizehint: int) -> bytearray:
        self.buffer = bytearray(1000)
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self.buffer[:nbytes]))


waits = st.floats(0, 2)


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 200_000), max_size=8),
    gaps=st.lists(waits, max_size=8),
    pauses=st.lists(waits, max_size=8),
    loss=st.sampled_from(["0%", "1%", "10%"]),
    kind=st.sampled_from([Fitful, FitfulBuffer]),
    buffers=st.sampled_from([4096, 65536, 1 << 22]),
    seed=st.integers(0, 2**32),
)
def test_all_bytes_come_in_order(  # noqa: PLR0917 - hypothesis passes them by name
    sizes: list[int],
    gaps: list[float],
    pauses: list[float],
    loss: str,
    kind: type[Fitful],
    buffers: int,
    seed: int,
) -> None:
    async def main() -> tuple[bytes, bytes]:
        async with Network() as network:
            options = {"send_buffer": f"{buffers}b", "receive_buffer": f"{buffers}b"}
            client = network.host("client", "10.0.0.1/24", options=options)
            server = network.host("server", "10.0.0.2/24", options=options)
            network.link(client, server, delay="10ms", jitter="5ms", loss=loss)
            made: list[Fitful] = []

            def factory() -> Fitful:
                made.append(kind(pauses))
                return made[-1]

            listener = await server.create_server(factory, port=7)
            _, writer = await client.open_connection("server", 7)
            sent = bytearray()
            for size, gap in zip(sizes, [*gaps, *[0.0] * len(sizes)], strict=False):
                piece = random.randbytes(size)  # noqa: TID251 - simulate gives it a seed
                sent += piece
                writer.write(piece)
                await asyncio.sleep(gap)
            writer.write_eof()
            while not made:  # noqa: ASYNC110 - an accepted connection tells nobody
                await asyncio.sleep(0.1)
            await made[0].ended
            writer.close()
            listener.close()
            return bytes(sent), bytes(made[0].data)

    sent, received = simulate(main(), seed=seed)
    assert received == sent


def test_all_bytes_come_while_others_have_the_engine() -> None:
    """In real time, while another thread asks for statistics again and again."""
    size = 32 << 20

    async def main() -> int:
        async with Network() as network:
            client = network.host("client", "10.0.0.1/24")
            server = network.host("server", "10.0.0.2/24")
            network.link(client, server)
            over = threading.Event()

            def ask() -> None:
                while not over.is_set():
                    network.statistics()

            async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                received.set_result(len(await reader.read()))
                writer.close()

            received: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            listener = await server.start_server(swallow, port=7)
            _, writer = await client.open_connection("server", 7)
            asking = [asyncio.to_thread(ask) for _ in range(3)]
            async with asyncio.TaskGroup() as group:
                for one in asking:
                    group.create_task(one)
                writer.write(memoryview(bytearray(size)))
                writer.write_eof()
                result = await received
                over.set()
            writer.close()
            listener.close()
            return result

    assert asyncio.run(main()) == size
