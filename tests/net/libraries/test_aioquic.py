"""aioquic, client and server, as they are, also where packets get lost."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from aioquic.asyncio.client import connect
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .lan import on_lan

if TYPE_CHECKING:
    from usernet.net.host import Host


def configurations() -> tuple[QuicConfiguration, QuicConfiguration]:
    """Of a client, and of a server called ``server``."""
    authority = trustme.CA()
    issued = authority.issue_cert("server")
    server = QuicConfiguration(is_client=False, alpn_protocols=["echo"])
    server.certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    server.private_key = key
    client = QuicConfiguration(alpn_protocols=["echo"], verify_mode=ssl.CERT_REQUIRED)
    client.load_verify_locations(cadata=authority.cert_pem.bytes())
    return client, server


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())
    writer.write_eof()


@pytest.mark.parametrize("loss", ["0%", "5%"])
@pytest.mark.parametrize("address", ["::", "0.0.0.0"])
def test_streams(loss: str, address: str) -> None:
    client_configuration, server_configuration = configurations()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.ensure_future(echo(reader, writer)))

    tasks: list[asyncio.Future[None]] = []

    async def body(client: Host, server: Host) -> None:
        with server:
            listener = await serve(
                address, 4433, configuration=server_configuration, stream_handler=handle
            )
        with client:
            async with connect("server", 4433, configuration=client_configuration) as connection:
                reader, writer = await connection.create_stream()
                writer.write(b"q" * 200_000)
                writer.write_eof()
                assert await reader.read() == b"q" * 200_000
        await asyncio.gather(*tasks)
        listener.close()
        await asyncio.sleep(5)

    on_lan(body, loss=loss)
