"""A test of a program on a bad line: ``pytest examples/test_upload.py``.

The program under test is three lines of asyncio that know nothing of usernet. The line is an LTE
profile with more loss, and is cut for ten seconds in the middle of the upload.
"""

import asyncio

import pytest

import usernet

SIZE = 20_000_000


async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server under test: it answers how many bytes it was sent."""
    size = 0
    while data := await reader.read(1 << 16):
        size += len(data)
    writer.write(str(size).encode())
    writer.close()
    await writer.wait_closed()


async def upload(size: int) -> int:
    """The client under test."""
    reader, writer = await asyncio.open_connection("server", 80)
    writer.write(bytes(size))
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer)


@pytest.mark.usernet(profile="lte", loss="0.2%", seed=7)
async def test_an_upload_survives_a_tunnel(network: usernet.Network) -> None:
    """Everything arrives, though the line is cut, and at full speed soon after."""
    link = network.links["client-server"]
    await network.hosts["server"].start_server(count, port=80)
    async with asyncio.TaskGroup() as tasks:
        uploading = tasks.create_task(upload(SIZE))
        await asyncio.sleep(5)
        link.cut()
        await asyncio.sleep(10)
        link.restore()
    assert uploading.result() == SIZE
    assert network.flow("client", "server").retransmissions > 0
    assert link.recovers(within="15s", share="50%")
