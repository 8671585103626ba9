"""A tunnel of a program, as the real wg(8) sees and changes it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from usernet.config.impairment import Impairment
from usernet.engine.keys import generate, public_key
from usernet.tunnel.tunnel import Tunnel
from usernet.tunnel.uapi_socket import socket_path

from .private_network import PORT

if TYPE_CHECKING:
    from usernet.net.network import Line

    from .private_network import PrivateNetwork

NAME = f"ut{os.getpid()}"
SILENT = str(public_key(generate()))


async def wg(*words: str, given: str = "") -> str:
    """What wg says, its errors too, while the tunnel runs."""
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        "wg", *words, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await started.communicate(given.encode())
    return said.decode()


async def shown(what: str) -> list[str]:
    return (await wg("show", NAME, what)).split()


async def echoed(tunnel: Tunnel, host: str) -> bytes:
    reader, writer = await tunnel.open_connection(host, 7)
    writer.write(b"hello")
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("line", [None, Impairment(delay="1ms")], ids=["plain", "line"])
def test_it_is_asked_and_changed(private_network: PrivateNetwork, line: Line | None) -> None:
    network = private_network
    text = network.text().replace("10.7.0.0/16, 10.8.0.0/16, fd07::/16", "10.7.0.0/16")
    key = str(network.public_key)

    async def main() -> None:
        async with Tunnel.from_file(network.write(text), line=line, uapi=NAME) as tunnel:
            assert await echoed(tunnel, "10.7.0.1") == b"hello"
            assert await shown("private-key") == [network.client.reveal()]
            assert await shown("endpoints") == [key, f"127.0.0.1:{PORT}"]
            with pytest.raises(OSError, match="unreachable"):
                await echoed(tunnel, "fd07::1")
            networks = "10.7.0.0/16,fd07::/16"
            assert await wg("set", NAME, "peer", key, "allowed-ips", networks) == ""
            assert await echoed(tunnel, "fd07::1") == b"hello"
            assert [str(one) for one in tunnel.config.peers[0].allowed_ips] == networks.split(",")
            # A peer that never was heard is where it is said to be.
            for port in ("9", "10"):
                place = f"127.0.0.1:{port}"
                assert await wg("set", NAME, "peer", SILENT, "endpoint", place) == ""
                told = await shown("endpoints")
                assert told[told.index(SILENT) + 1] == place
            assert await wg("set", NAME, "peer", SILENT, "remove") == ""
            assert await echoed(tunnel, "10.7.0.1") == b"hello"
            assert await wg("set", NAME, "peer", key, "remove") == ""
            assert await shown("peers") == []
            with pytest.raises(OSError, match="unreachable"):
                await echoed(tunnel, "10.7.0.1")
        assert not socket_path(NAME).exists()

    with network.entered():
        asyncio.run(main())


def test_key_and_port_stay_and_what_is_wrong_changes_nothing(
    private_network: PrivateNetwork,
) -> None:
    network = private_network
    key = str(network.public_key)

    async def main() -> None:
        async with Tunnel.from_file(network.file, uapi=NAME) as tunnel:
            before = tunnel.config
            other = generate()
            for words, given in (
                (("listen-port", "7"), ""),
                (("private-key", "/dev/stdin"), other.reveal()),
                (("fwmark", "1"), ""),
            ):
                said = await wg("set", NAME, *words, "peer", key, "remove", given=given)
                assert "not supported" in said
            assert tunnel.config is before
            # A file as `wg-quick strip` prints it is what the tunnel is already.
            strip = "\n".join(
                one for one in network.text().splitlines() if not one.startswith(("Address", "DNS"))
            )
            assert await wg("syncconf", NAME, "/dev/stdin", given=strip) == ""
            assert await shown("peers") == [key]
            assert await shown("public-key") == [str(public_key(network.client))]
            assert await echoed(tunnel, "10.7.0.1") == b"hello"

    with network.entered():
        asyncio.run(main())
