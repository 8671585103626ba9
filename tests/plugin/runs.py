"""Runs of pytest on the text of a test file, and what such texts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ALONE = ("-p", "no:asyncio", "-p", "no:anyio")
WITH_ASYNCIO = ("-p", "no:anyio", "-o", "asyncio_default_fixture_loop_scope=function")

UPLOAD = """
    import asyncio
    import pytest

    async def count(reader, writer):
        data = await reader.read()
        writer.write(str(len(data)).encode())
        writer.close()

    async def upload(network, size):
        await network.hosts["server"].start_server(count, port=80)
        reader, writer = await network.hosts["client"].open_connection("server", 80)
        writer.write(bytes(size))
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return int(answer)
"""


class Run:
    """Runs pytest on the text of a test file."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makeini(
            """
            [pytest]
            filterwarnings = error
            """
        )

    def __call__(self, source: str, *options: str) -> pytest.RunResult:
        self.pytester.makepyfile(source)
        return self.pytester.runpytest("-p", "no:randomly", *options)

    @property
    def path(self) -> Path:
        return self.pytester.path
