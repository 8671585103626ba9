"""Tunnels to a real wireguard-go: connections, names, and what goes wrong."""

from __future__ import annotations

import asyncio
import socket
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import httpx
import pytest

import usernet
from usernet.config.impairment import Impairment
from usernet.engine.keys import generate, public_key
from usernet.errors import EngineError, EscapeError, HandshakeError, UnknownNameError
from usernet.tunnel.tunnel import Tunnel

from . import name_server as dns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from .private_network import PrivateNetwork

NOBODY = str(public_key(generate()))


def in_tunnel(
    network: PrivateNetwork,
    use: Callable[[Tunnel], Coroutine[object, object, None]],
    text: str = "",
) -> None:
    """Run something in a tunnel to a private network, by another file if its text is given."""

    async def main() -> None:
        file = network.write(text) if text else network.file
        async with Tunnel.from_file(file) as tunnel:
            await use(tunnel)

    with network.entered():
        asyncio.run(main())


async def echoed(tunnel: Tunnel, host: str, data: bytes) -> bytes:
    reader, writer = await tunnel.open_connection(host, 7)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def ask(network: PrivateNetwork, port: int, data: bytes) -> bytes:
    """Ask a server in the tunnel, from the private network."""
    with network.entered(), socket.create_connection(("10.7.0.2", port), 20) as client:
        client.sendall(data)
        with client.makefile("rb") as answer:
            return answer.read()


class TestAsyncio:
    @pytest.mark.parametrize("host", ["10.7.0.1", "fd07::1", "db.internal", "www", "DB.Internal."])
    def test_a_connection(self, private_network: PrivateNetwork, host: str) -> None:
        async def use(tunnel: Tunnel) -> None:
            assert await echoed(tunnel, host, b"x" * 300_000) == b"x" * 300_000

        in_tunnel(private_network, use)

    def test_what_it_is_doing_is_what_the_peer_sees(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            await tunnel.handshake()
            await echoed(tunnel, "10.7.0.1", b"x" * 100_000)
            status = tunnel.status()
            assert status.name == str(private_network.file)
            assert status.public_key == public_key(private_network.client)
            (peer,) = status.peers
            assert peer.public_key == private_network.public_key
            assert peer.endpoint == "127.0.0.1:51820"
            assert peer.latest_handshake is not None
            seen = private_network.namespace.run("wg", "show", private_network.interface, "dump")
            theirs = seen.splitlines()[1].split("\t")
            assert theirs[2] == f"127.0.0.1:{status.port}"
            assert peer.received > 100_000
            assert peer.sent > 100_000

        in_tunnel(private_network, use)

    def test_many_addresses_come_by_tcp(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            found = await tunnel.addresses("big.internal", socket.AF_INET)
            assert sorted(found) == sorted(f"10.7.1.{n}" for n in range(1, 61))

        in_tunnel(private_network, use)

    def test_a_name_server_that_no_peer_leads_to_is_asked_by_the_machine(
        self, private_network: PrivateNetwork
    ) -> None:
        async def use(tunnel: Tunnel) -> None:
            server = dns.NameServer()
            server.records["db.outside", dns.A] = (dns.address("db.outside", "10.7.0.1", 0),)
            async with server.on_machine("127.0.0.53"):
                for server.truncates in (False, True):
                    found = await tunnel.addresses("db.outside", socket.AF_INET)
                    assert found == ["10.7.0.1"]
                    assert {protocol for protocol, _, _ in server.asked} >= {"udp"}
                with pytest.raises(UnknownNameError, match=r"no such name, says 127\.0\.0\.53"):
                    await tunnel.addresses("dc.outside")
                assert ("tcp", "dc.outside", dns.A) in server.asked

        in_tunnel(private_network, use, private_network.text(dns="127.0.0.53"))

    def test_datagrams_ping_and_httpx(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[bytes] = loop.create_future()

            class Asking(asyncio.DatagramProtocol):
                def datagram_received(self, data: bytes, addr: object) -> None:
                    answer.set_result(data)

            transport, _ = await tunnel.create_datagram_endpoint(
                Asking, remote_addr=("db.internal", 7)
            )
            transport.sendto(b"hi")
            assert await answer == b"hi"
            transport.close()
            pinged = await tunnel.ping("db.internal")
            assert pinged.received == 1
            assert pinged.address in {"10.7.0.1", "fd07::1"}
            async with httpx.AsyncClient(transport=tunnel.httpx_transport()) as client:
                page = await client.get("http://db.internal/page")
            assert page.text == "private /page db.internal\n"

        in_tunnel(private_network, use)

    def test_a_server_in_the_tunnel(self, private_network: PrivateNetwork) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello " + await reader.readline())
            writer.close()

        async def use(tunnel: Tunnel) -> None:
            await tunnel.handshake()
            await tunnel.start_server(serve, port=8000)
            assert (
                await asyncio.to_thread(ask, private_network, 8000, b"world\n") == b"hello world\n"
            )

        in_tunnel(private_network, use)

    def test_a_blocking_connection_within_the_loop(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            for host in ("10.7.0.1", "db.internal"):
                with tunnel.create_connection((host, 7), timeout=20) as connection:
                    connection.sendall(b"hi")
                    assert connection.recv(10) == b"hi"
            in_thread = await asyncio.to_thread(tunnel.create_connection, ("db.internal", 7), 20)
            with in_thread as connection:
                connection.sendall(b"hi")
                assert connection.recv(10) == b"hi"

        in_tunnel(private_network, use)

    def test_a_line_below_it(self, private_network: PrivateNetwork) -> None:
        async def main() -> float:
            line = Impairment(delay="30ms")
            async with Tunnel.from_file(private_network.file, line=line) as tunnel:
                await tunnel.handshake()
                return (await tunnel.ping("10.7.0.1")).rtt

        with private_network.entered():
            assert asyncio.run(main()) >= 0.06

    def test_a_capture_has_the_tunnel_inside_and_outside(
        self, private_network: PrivateNetwork, tmp_path: Path
    ) -> None:
        async def main() -> None:
            file = tmp_path / "tunnel.pcapng"
            async with Tunnel.from_file(private_network.file, pcap=file) as tunnel:
                assert await echoed(tunnel, "10.7.0.1", b"hi") == b"hi"
                assert tunnel.line is not None
                assert tunnel.line.statistics().up.packets_out > 3

        with private_network.entered():
            asyncio.run(main())
        content = (tmp_path / "tunnel.pcapng").read_bytes()
        assert b"outside/up" in content
        assert b"inside/up" in content


class TestBlocking:
    def test_a_program_that_blocks(self, private_network: PrivateNetwork) -> None:
        with private_network.entered(), Tunnel.from_file(private_network.file) as tunnel:
            with tunnel.create_connection(("db.internal", 80), timeout=20) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\nHost: db\r\n\r\n")
                assert connection.makefile("rb").read().endswith(b"private / db\n")
            assert tunnel.resolve("www", socket.AF_INET) == ["10.7.0.1"]
        with pytest.raises(EngineError, match="does not run"):
            tunnel.create_connection(("db.internal", 80))

    @pytest.mark.parametrize("line", [None, Impairment(delay="50ms")], ids=["at once", "line"])
    def test_what_was_sent_and_closed_just_before_the_end_arrives(
        self, private_network: PrivateNetwork, line: Impairment | None
    ) -> None:
        got: list[bytes] = []
        with private_network.entered(), socket.create_server(("10.7.0.1", 4000)) as server:

            def serve() -> None:
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as file:
                    got.append(file.read())

            thread = threading.Thread(target=serve)
            thread.start()
            with (
                Tunnel.from_file(private_network.file, line=line) as tunnel,
                tunnel.create_connection(("10.7.0.1", 4000), 20) as connection,
            ):
                connection.sendall(b"x" * 1000)
            thread.join(20)
        assert got == [b"x" * 1000]

    def test_it_can_run_again(self, private_network: PrivateNetwork) -> None:
        tunnel = Tunnel.from_file(private_network.file)
        for _ in range(2):
            with private_network.entered(), tunnel:
                tunnel.create_connection(("10.7.0.1", 7), timeout=20).close()


class TestWhatGoesWrong:
    def error(
        self, network: PrivateNetwork, host: str, port: int, text: str = "", timeout: float = 20
    ) -> Exception:
        """What dialling raises."""
        found: list[Exception] = []

        async def use(tunnel: Tunnel) -> None:
            with pytest.raises(Exception) as caught:  # noqa: PT011 - told apart by the tests
                await tunnel.dial(host, port, timeout=timeout)
            found.append(caught.value)

        in_tunnel(network, use, text)
        return found[0]

    def test_a_port_that_nobody_listens_at(self, private_network: PrivateNetwork) -> None:
        error = self.error(private_network, "db.internal", 81)
        assert isinstance(error, ConnectionRefusedError)
        assert error.filename == "db.internal:81"

    def test_a_name_that_is_unknown(self, private_network: PrivateNetwork) -> None:
        error = self.error(private_network, "dc.internal", 80)
        assert isinstance(error, UnknownNameError)
        assert str(error) == "dc.internal: no such name, says 10.7.0.1"

    def test_an_address_that_no_peer_has(self, private_network: PrivateNetwork) -> None:
        error = self.error(private_network, "192.0.2.1", 80)
        assert isinstance(error, OSError)
        assert (error.errno, error.filename) == (101, "192.0.2.1:80")

    def test_an_address_that_a_router_does_not_reach(self, private_network: PrivateNetwork) -> None:
        error = self.error(private_network, "10.8.0.1", 80)
        assert isinstance(error, OSError)
        assert (error.errno, error.filename) == (113, "10.8.0.1:80")

    def test_a_key_that_is_not_the_peers(self, private_network: PrivateNetwork) -> None:
        text = private_network.text(peer=NOBODY)
        for host in ("10.7.0.1", "db.internal"):
            error = self.error(private_network, host, 80, text, timeout=0.5)
            assert isinstance(error, HandshakeError)
            assert NOBODY in str(error)
            assert "127.0.0.1:51820" in str(error)
            assert "within 0.5 s" in str(error)
            assert private_network.client.reveal() not in str(error)

    def test_an_endpoint_whose_name_is_unknown(self, private_network: PrivateNetwork) -> None:
        text = private_network.text(endpoint="vpn.invalid:51820")
        error = self.error(private_network, "10.7.0.1", 80, text)
        assert isinstance(error, HandshakeError)
        assert "this machine does not find vpn.invalid" in str(error)

    def test_an_endpoint_that_the_machine_looks_for_without_end(
        self, private_network: PrivateNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop, real = threading.Event(), socket.getaddrinfo

        def look(host: str, *rest: object, **keys: object) -> object:
            if host == "vpn.test":
                stop.wait(60)
                host = "127.0.0.1"
            return real(host, *rest, **keys)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", look)
        monkeypatch.setattr("usernet.tunnel.peers.PATIENCE", 0.05)

        async def use(tunnel: Tunnel) -> None:
            with pytest.raises(HandshakeError, match=r"vpn\.test: it is still looking"):
                await tunnel.dial("10.7.0.1", 7, timeout=20)
            stop.set()
            async with asyncio.timeout(20):
                while tunnel.status().peers[0].endpoint is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert await echoed(tunnel, "10.7.0.1", b"hi") == b"hi"

        in_tunnel(private_network, use, private_network.text(endpoint="vpn.test:51820"))

    def test_an_endpoint_of_ipv6_where_there_is_none(self, private_network: PrivateNetwork) -> None:
        text = private_network.text(endpoint="[2001:db8::1]:51820")
        error = self.error(private_network, "10.7.0.1", 80, text)
        assert isinstance(error, HandshakeError)
        assert "is an address of IPv6, which this machine has no way out by" in str(error)

    def test_waiting_for_a_handshake(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            with pytest.raises(HandshakeError, match=r"within 0\.2 s"):
                await tunnel.handshake(0.2)

        in_tunnel(private_network, use, private_network.text(peer=NOBODY))

    @pytest.mark.parametrize("line", [None, Impairment(loss="1%")])
    def test_in_virtual_time(
        self, private_network: PrivateNetwork, line: Impairment | None
    ) -> None:
        async def main() -> None:
            async with Tunnel.from_file(private_network.file, line=line):
                pass

        with pytest.raises(EscapeError, match=r"Network\.wireguard"):
            usernet.simulate(main())

    def test_a_port_that_is_in_use(self, private_network: PrivateNetwork) -> None:
        text = private_network.text().replace("DNS", "ListenPort = 51820\nDNS")
        tunnel = Tunnel.from_file(private_network.write(text))
        with private_network.entered(), pytest.raises(OSError, match="51820"), tunnel:
            pass


class TestPeersThatMove:
    def test_a_peer_that_is_started_again(self, private_network: PrivateNetwork) -> None:
        async def use(tunnel: Tunnel) -> None:
            reader, writer = await tunnel.open_connection("10.7.0.1", 7)
            writer.write(b"before")
            assert await reader.readexactly(6) == b"before"
            await asyncio.to_thread(private_network.stop_peer)
            writer.write(b"between")
            await asyncio.to_thread(private_network.start_peer)
            assert await reader.readexactly(7) == b"between"
            writer.close()

        in_tunnel(private_network, use)

    def test_one_that_is_gone_is_not_one_that_never_came(
        self, private_network: PrivateNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("usernet.tunnel.peers.GONE", 0.1)

        async def use(tunnel: Tunnel) -> None:
            assert await echoed(tunnel, "10.7.0.1", b"hi") == b"hi"
            await asyncio.to_thread(private_network.stop_peer)
            try:
                with pytest.raises(HandshakeError, match="no longer answers: nothing has come"):
                    await tunnel.dial("10.7.0.1", 7, timeout=1)
            finally:
                await asyncio.to_thread(private_network.start_peer)
            assert await echoed(tunnel, "10.7.0.1", b"again") == b"again"

        in_tunnel(private_network, use)

    def test_a_name_that_means_another_address(
        self, private_network: PrivateNetwork, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, where = socket.getaddrinfo, ["192.0.2.9"]

        def known(host: str, *rest: object, **keys: object) -> object:
            return real(where[0] if host == "vpn.test" else host, *rest, **keys)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", known)
        # A way that leads nowhere: the peer has no use for what comes out of its own interface.
        private_network.namespace.ip(f"route add 192.0.2.9 dev {private_network.interface}")
        for name, value in (("LOOK", 0.05), ("SILENCE", 0.2)):
            monkeypatch.setattr(f"usernet.tunnel.peers.{name}", value)

        async def use(tunnel: Tunnel) -> None:
            with pytest.raises(HandshakeError, match=r"vpn\.test:51820 \(192\.0\.2\.9:51820\)"):
                await tunnel.handshake(0.1)
            where[0] = "127.0.0.1"
            assert await echoed(tunnel, "10.7.0.1", b"hi") == b"hi"
            assert tunnel.status().peers[0].endpoint == "127.0.0.1:51820"

        in_tunnel(private_network, use, private_network.text(endpoint="vpn.test:51820"))


def test_a_library_that_knows_nothing_of_tunnels(private_network: PrivateNetwork) -> None:
    with private_network.entered(), Tunnel.from_file(private_network.file) as tunnel:
        connection = HTTPConnection("db.internal", timeout=20)
        connection._create_connection = lambda address, *_: tunnel.create_connection(address, 20)  # type: ignore[attr-defined]
        connection.request("GET", "/by-descriptor")
        assert connection.getresponse().read() == b"private /by-descriptor db.internal\n"
        connection.close()
