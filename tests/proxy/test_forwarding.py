"""Forwarded ports on loopback: streams, datagrams, unix sockets, and reversed."""

from __future__ import annotations

import asyncio
import socket
import stat
from typing import TYPE_CHECKING, cast

import pytest

from usernet.errors import ConfigError
from usernet.proxy.flows import Flows
from usernet.proxy.forward import Forward
from usernet.proxy.forwarding import Forwarding
from usernet.proxy.reversing import Reversing

from .loopback import Loopback, origin, running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5432:db.internal:5432", ("127.0.0.1", 5432, "", "db.internal", 5432, False)),
        ("0:[fd00::1]:53/udp", ("127.0.0.1", 0, "", "fd00::1", 53, True)),
        ("[::1]:80:10.0.0.5:8080/tcp", ("::1", 80, "", "10.0.0.5", 8080, False)),
        ("0.0.0.0:80:web:80", ("0.0.0.0", 80, "", "web", 80, False)),
        ("unix:/run/db.sock:db:5432", ("", 0, "/run/db.sock", "db", 5432, False)),
    ],
)
def test_what_is_forwarded(text: str, expected: object) -> None:
    assert Forward.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "80",
        "80:db",
        "80:db:0",
        "80:db:65536",
        "70000:db:1",
        "80:db:80/sctp",
        "a:b:c",
        "unix::db:80",
        "unix:x:db:80/udp",
        "80::80",
    ],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no forwarded port: such as 5432:db\.internal:5432"):
        Forward.parse(text)


def test_what_it_leads_to_as_people_write_it() -> None:
    assert Forward.parse("0:[fd00::1]:53/udp").goal == "[fd00::1]:53/udp"
    assert Forward.parse("1:db:2").goal == "db:2"


async def echoed(at: tuple[str, int] | str) -> bytes:
    """What an echoing server says, through a port or a file."""
    if isinstance(at, str):
        reader, writer = await asyncio.open_unix_connection(at)
    else:
        reader, writer = await asyncio.open_connection(*at)
    writer.write(b"ping")
    writer.write_eof()
    said = await reader.read()
    writer.close()
    return said


def test_a_stream() -> None:
    async def main() -> None:
        async with Loopback() as dialler, origin(greets=b"hi ") as port:
            forwarding = Forwarding(Forward.parse(f"0:db.internal:{port}"), dialler, print)
            assert forwarding.address[0] == "127.0.0.1"
            async with running(forwarding.run()):
                assert await echoed(forwarding.address) == b"hi ping"

    asyncio.run(main())


def test_a_unix_socket_for_its_owner_alone(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "db.sock"
        async with Loopback() as dialler, origin() as port:
            forward = Forward.parse(f"unix:{path}:db.internal:{port}")
            forwarding = Forwarding(forward, dialler, print)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with pytest.raises(OSError, match=f"Address already in use: '{path}'"):
                Forwarding(forward, dialler, print)
            async with running(forwarding.run()):
                assert await echoed(str(path)) == b"ping"
            assert not path.exists()

    asyncio.run(main())


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"Address already in use: '127\.0\.0\.1:{port}'"):
            Forwarding(Forward.parse(f"{port}:db:1"), Loopback(), print)


class Echo(asyncio.DatagramProtocol):
    """Sends back what it hears, with where it came from."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data + f" {addr[1]}".encode(), addr)


async def asked(port: int, data: bytes, client: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendto(client, data, ("127.0.0.1", port))
    return await loop.sock_recv(client, 2048)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_datagrams_of_two_clients_do_not_mix(is_reversed: bool) -> None:
    async def main() -> None:
        loop, dialler = asyncio.get_running_loop(), Loopback()
        server, _ = await loop.create_datagram_endpoint(Echo, ("127.0.0.1", 0))
        goal = server.get_extra_info("sockname")[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
            spare.bind(("127.0.0.1", 0))
            free = spare.getsockname()[1]
        if is_reversed:
            forward = Forward.parse(f"{free}:127.0.0.1:{goal}/udp")
            run = Reversing(forward, dialler, 10.0, print).run()
        else:
            forward = Forward.parse(f"{free}:db.internal:{goal}/udp")
            run = Forwarding(forward, dialler, print).run()
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        async with running(run):
            if is_reversed:
                await dialler.ready.wait()
            sources = set[bytes]()
            for number, client in enumerate(clients):
                client.setblocking(False)
                for _ in range(2):
                    word, source = (await asked(free, b"%d" % number, client)).split()
                    assert word == b"%d" % number
                    sources.add(source)
            assert len(sources) == 2
        for client in clients:
            client.close()
        server.close()

    asyncio.run(main())


def test_reversed_streams() -> None:
    async def main() -> bytes:
        async with Loopback() as dialler, origin(greets=b"hi ") as port:
            with socket.create_server(("127.0.0.1", 0)) as spare:
                free = spare.getsockname()[1]
            reversing = Reversing(Forward.parse(f"{free}:localhost:{port}"), dialler, 10.0, print)
            async with running(reversing.run()):
                await dialler.ready.wait()
                return await echoed(("127.0.0.1", free))

    assert asyncio.run(main()) == b"hi ping"


class Outlet:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_open = True

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.is_open = False


def test_flows_are_bounded_and_the_most_silent_goes_first() -> None:
    async def main() -> None:
        outlets: dict[str, Outlet] = {}

        async def begin(key: str) -> Outlet:
            outlets[key] = Outlet()
            return outlets[key]

        flows = Flows(begin, print, most=2)
        for key in "abab":
            flows.send(key, b"1")
            await asyncio.sleep(0)
        flows.touch("a")
        flows.send("c", b"2")
        await asyncio.sleep(0)
        assert [outlets[key].is_open for key in "abc"] == [True, False, True]
        assert (outlets["a"].sent, outlets["c"].sent, len(flows)) == ([b"1", b"1"], [b"2"], 2)
        flows.close()
        assert not any(one.is_open for one in outlets.values())

    asyncio.run(main())


def test_a_flow_that_cannot_be_opened_may_be_tried_again() -> None:
    async def main() -> None:
        said: list[str] = []

        async def begin(_: str) -> Outlet:
            raise OSError("no room")

        flows = Flows(begin, said.append)
        for _ in range(2):
            flows.send("a", b"x")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(flows) == 0
        assert said == ["datagrams: no room"] * 2

    asyncio.run(main())
