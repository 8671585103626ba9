"""Tunnel: a host behind a WireGuard device, whose packets leave by the machine's UDP sockets.

::

    Host "tunnel" ─ wireguard ─ [line] ─ udp sockets of the machine

Nothing of it needs privileges: the private network is in this process alone. ``async with`` runs it
in the running loop. ``with`` is for programs that block: a loop on a thread of its own then decides
what is to be decided for each connection. Bytes are the engine's business either way.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, Unpack

from usernet.errors import EngineError
from usernet.net.address import is_numeric
from usernet.tunnel import blocking, ending
from usernet.tunnel.exchange import by_host
from usernet.tunnel.explaining import check_way, explained, place
from usernet.tunnel.graph import NAME, PlainGraph, device_of
from usernet.tunnel.loop_thread import LoopThread
from usernet.tunnel.peers import Peers
from usernet.tunnel.resolver import Resolver
from usernet.wireguard import file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    import httpx

    from usernet.config.echo import EchoAnswer, ProbeKeys
    from usernet.config.socket_options import Congestion
    from usernet.config.wireguard import TunnelConfig
    from usernet.net.arguments import ConnectionKeys, ServerKeys
    from usernet.net.endpoint import EndpointKeys
    from usernet.net.host import Host
    from usernet.net.httpx_transport import TransportKeys
    from usernet.net.network import Line
    from usernet.net.network_link import NetworkLink
    from usernet.net.ping import PingResult
    from usernet.net.resolver import AddressInfo
    from usernet.net.server import Server
    from usernet.net.splice import Dialled
    from usernet.tunnel.answering_wg import AnsweringWg
    from usernet.tunnel.graph import Graph
    from usernet.tunnel.tunnel_keys import TunnelKeys
    from usernet.wireguard.status import DeviceStatus

__all__ = ["Tunnel"]

_ProtocolT = TypeVar("_ProtocolT", bound=asyncio.BaseProtocol)
_Client: TypeAlias = (
    "Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]"
)
_LIMIT = 64 * 1024
"""How much a stream buffers before it stops reading, as in asyncio."""


class Tunnel:
    """A way into a private network, for this program alone.

    Args:
        config: The keys, addresses and peers; `from_file` reads them.
        line: What the line below the tunnel is like, from here to the peers; as it is where None.
        congestion: The congestion control of TCP in the tunnel.
        pcap: A file to write every packet to (pcapng): in the tunnel, and as it leaves, encrypted.
        seed: What all randomness follows from, that of the line too; the scenario's own where None,
            and where it has none, the system's. Nobody should use one for what must be secret.
        split: Domains whose names are looked up in the tunnel, all others by the machine; all are
            looked up in the tunnel where None. A tunnel without name servers leaves all to the
            machine, as wg-quick(8) does.
        name: What `status` calls it.
        uapi: The name by which ``wg show``, ``wg set`` and ``wg syncconf`` know it while it runs,
            which takes root; or a path with a slash for the socket, for other programs.
        workers: How many threads seal and open packets beside the engine's own.
    """

    def __init__(
        self,
        config: TunnelConfig,
        *,
        line: Line | None = None,
        congestion: Congestion = "bbr",
        pcap: str | Path | None = None,
        seed: int | None = None,
        split: Sequence[str] | None = None,
        name: str = NAME,
        uapi: str | Path | None = None,
        workers: int = 0,
    ) -> None:
        self.config: TunnelConfig = config
        self.name: str = name
        self._line, self._pcap, self._seed, self._split = line, pcap, seed, split
        self._congestion: Congestion = congestion
        self._workers = workers
        self._uapi: AnsweringWg | None = None
        if uapi:
            from usernet.tunnel.answering_wg import AnsweringWg  # noqa: PLC0415 - start-up time

            self._uapi = AnsweringWg(uapi, self)
        self._is_used = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: int = 0
        self._own_thread: LoopThread | None = None
        self._build()

    def _build(self) -> None:
        """Make a host, anew each time: it is a machine that has just started."""
        config = self.config
        self._peers = Peers(device_of(config, self._workers))
        self._graph = self._made()
        self._host = self._graph.host
        servers = [str(one) for one in config.dns]
        self._outside = {one for one in servers if not self._peers.towards(one)}
        self._resolver = Resolver(
            self._host,
            servers,
            search=config.search,
            split=self._split,
            exchange=by_host(self._host, self._outside),
        )
        self._host.asks = self._resolver.addresses

    def _made(self) -> Graph:
        """The graph. Ports and numbers follow from its seed, which nobody should guess."""
        seed, congestion = self._seed, self._congestion
        drawn = int.from_bytes(os.urandom(7), "big")
        if self._line is None and self._pcap is None:
            return PlainGraph(self.config, drawn if seed is None else seed, congestion)
        from usernet.tunnel.lined import LinedGraph, seed_of  # noqa: PLC0415 - start-up time

        seed = seed_of(self._line) if seed is None else seed
        chosen = drawn if seed is None else seed
        return LinedGraph(self.config, chosen, congestion, self._line, self._pcap)

    @classmethod
    def from_file(
        cls,
        *paths: str | Path,
        warn: Callable[[str], None] = warnings.warn,
        **keys: Unpack[TunnelKeys],
    ) -> Self:
        """A tunnel from a file of wg-quick(8), or from several that are read as one.

        Args:
            paths: The files.
            warn: Told what is no error, and ought to be known.
            keys: What else `Tunnel` takes.

        Raises:
            ConfigError: A file cannot be read, or is none; it names the file and the line.
        """
        keys.setdefault("name", " and ".join(map(str, paths)))
        return cls(file.load(*paths, warn=warn), **keys)

    # ---- running ----

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise EngineError("the tunnel runs already")
        if self._is_used:
            self._build()
        self._is_used = True
        loop = asyncio.get_running_loop()
        try:
            self._graph.enter(loop, await self._peers.find())
            if self._uapi is not None:
                self._uapi.begin(loop, self._graph, self._peers)
        except BaseException:
            await self._graph.leave()
            raise
        self._loop, self._loop_thread = loop, threading.get_ident()
        self._peers.watch(self._graph)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._peers.forget()
        self._loop = None
        if self._uapi is not None:
            self._uapi.end()
        try:
            if kind is None:
                await ending.settle(self._host)
        finally:
            await self._graph.leave()

    def __enter__(self) -> Self:
        thread = LoopThread(f"usernet {self.name}")
        try:
            thread.call(self.__aenter__())
        except BaseException:
            thread.close()
            raise
        self._own_thread = thread
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread, self._own_thread = self._own_thread, None
        if thread is not None:
            try:
                thread.call(self.__aexit__(kind, error, traceback))
            finally:
                thread.close()

    @property
    def host(self) -> Host:
        """The host behind the device, with all of asyncio's names."""
        return self._host

    @property
    def thread(self) -> LoopThread:
        """The thread of a tunnel that runs in a ``with`` block, and its loop."""
        if self._own_thread is None:
            raise EngineError("the tunnel does not run in a `with` block")
        return self._own_thread

    @property
    def line(self) -> NetworkLink | None:
        """The line below the tunnel while it runs, to change and to measure; None without one."""
        return self._graph.line

    def status(self) -> DeviceStatus:
        """What the tunnel is doing, as ``wg show``.

        Raises:
            EngineError: It does not run.
        """
        return replace(self._running().status(), name=self.name)

    def _running(self) -> Graph:
        if self._loop is None:
            raise EngineError("the tunnel does not run: use `async with` or `with`")
        return self._graph

    async def handshake(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - as asked
        """Wait until every peer that has an endpoint has answered.

        Raises:
            HandshakeError: One has not, in so many seconds; it says what to check.
        """
        self._running()
        await self._peers.shake([one for one in self.config.peers if one.endpoint], timeout)

    # ---- asyncio ----

    async def open_connection(
        self,
        host: str | None = None,
        port: int | str | None = None,
        *,
        limit: int = _LIMIT,
        **keys: Unpack[ConnectionKeys],
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; returns a reader and a writer, as `asyncio.open_connection`.

        Raises:
            HandshakeError: The peer that leads there does not answer.
            UnknownNameError: The name is not known.
            OSError: Nobody is reached there.
        """
        self._running()
        with self._explained(host, port, None) as targets:
            await self._check(host, targets, None)
            return await self._host.open_connection(host, port, limit=limit, **keys)

    async def start_server(
        self,
        client_connected_cb: _Client,
        host: str | Sequence[str] | None = None,
        port: int | str | None = None,
        **keys: Unpack[ServerKeys],
    ) -> Server:
        """Serve in the tunnel, as `asyncio.start_server`."""
        self._running()
        return await self._host.start_server(client_connected_cb, host, port, **keys)

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], _ProtocolT],
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
        **keys: Unpack[EndpointKeys],
    ) -> tuple[asyncio.DatagramTransport, _ProtocolT]:
        """A UDP socket in the tunnel, as `loop.create_datagram_endpoint`."""
        self._running()
        return await self._host.create_datagram_endpoint(
            protocol_factory, local_addr, remote_addr, **keys
        )

    async def getaddrinfo(
        self,
        host: str | None,
        port: int | str | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as in the module socket
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """The addresses of a name in the tunnel, as `loop.getaddrinfo`.

        Raises:
            UnknownNameError: The name is not known.
        """
        self._running()
        return await self._host.getaddrinfo(
            host, port, family=family, type=type, proto=proto, flags=flags
        )

    def httpx_transport(self, **keys: Unpack[TransportKeys]) -> httpx.AsyncHTTPTransport:
        """What ``httpx.AsyncClient(transport=…)`` takes, to connect through the tunnel."""
        return self._host.httpx_transport(**keys)

    async def ping(
        self,
        target: str,
        *,
        count: int = 1,
        size: int = 56,
        interval: float = 1.0,
        timeout: float = 10.0,  # noqa: ASYNC109 - as the program ping has it
    ) -> PingResult:
        """Send ICMP echo requests through the tunnel, and wait for the replies.

        Raises:
            HandshakeError: The peer that leads there does not answer.
            UnknownNameError: The name is not known.
            OSError: There is no way there.
        """
        self._running()
        with self._explained(target, None, timeout) as targets:
            await self._check(target, targets, timeout)
            return await self._host.ping(
                target, count=count, size=size, interval=interval, timeout=timeout
            )

    async def probe(
        self,
        target: str,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 - as the program ping has it
        **keys: Unpack[ProbeKeys],
    ) -> EchoAnswer:
        """Send one ICMP echo request, or datagram, with a hop limit, as `Host.probe`.

        Raises:
            TimeoutError: Nothing came back.
            HandshakeError: The peer that leads there does not answer.
            UnknownNameError: The name is not known.
            OSError: There is no way there.
        """
        self._running()
        with self._explained(target, None, timeout) as targets:
            async with asyncio.timeout(timeout):
                await self._check(target, targets, timeout)
                return await self._host.probe(target, timeout=timeout, **keys)

    async def dial(
        self,
        host: str,
        port: int,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as asked
    ) -> Dialled:
        """Connect, for whoever is to be spliced to the connection.

        Args:
            host: A name or a numeric address.
            port: The port.
            timeout: Seconds for all of it.

        Raises:
            HandshakeError: The peer that leads there does not answer.
            UnknownNameError: The name is not known.
            OSError: Nobody is reached there.
        """
        self._running()
        with self._explained(host, port, timeout) as targets:
            async with asyncio.timeout(timeout):
                await self._check(host, targets, timeout)
                return await self._host.dial(host, port)

    async def addresses(self, name: str, family: int = 0) -> list[str]:
        """The numeric addresses of a name, in the order in which to try them.

        Raises:
            UnknownNameError: The name is not known.
            HandshakeError: The peer that leads to the name servers does not answer.
        """
        self._running()
        with self._explained(name, None, None):
            infos = await self._host.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM)
        return [info[4][0] for info in infos]

    async def _check(
        self,
        host: str | None,
        targets: list[str],
        timeout: float | None,  # noqa: ASYNC109 - only said
    ) -> None:
        """Find out which addresses it is about, and whether there is a way to their peers."""
        check_way(self._peers, targets, timeout)
        if host is not None and not is_numeric(host):
            targets[:] = await self.addresses(host)
            check_way(self._peers, targets, timeout)

    def _explained(
        self, host: str | None, port: int | str | None, timeout: float | None
    ) -> AbstractContextManager[list[str]]:
        """Errors that say whom they are about; until a name is known, that is the name servers."""
        name = host or ""
        targets = [name] if is_numeric(name) else self._resolver.servers_for(name)
        return explained(self._peers, place(name, port), targets, timeout)

    # ---- blocking ----

    def create_connection(
        self, address: tuple[str, int], timeout: float | None = None
    ) -> socket.socket:
        """Connect, and wait for it: the twin of `socket.create_connection`.

        What it returns is a real descriptor, one end of a pair of Unix sockets, for libraries that
        block. It can be called from any thread; in the thread of a running loop it blocks the loop.

        Args:
            address: A name or a numeric address, and the port.
            timeout: Seconds for all of it, and afterwards the time-out of the socket.

        Raises:
            HandshakeError: The peer that leads there does not answer.
            UnknownNameError: The name is not known.
            OSError: Nobody is reached there.
        """
        self._running()
        host, port = address
        until = None if timeout is None else self._now() + timeout
        with self._explained(host, port, timeout) as targets:
            check_way(self._peers, targets, timeout)
            targets[:] = self.resolve(host, timeout=timeout)
            check_way(self._peers, targets, timeout)
            left = None if until is None else max(until - self._now(), 0.0)
            return blocking.connected(self._host, targets, port, left)

    def resolve(self, name: str, family: int = 0, *, timeout: float | None = None) -> list[str]:
        """The numeric addresses of a name, in the order in which to try them; this blocks.

        Args:
            name: A name or a numeric address.
            family: ``AF_INET`` or ``AF_INET6``; both where 0.
            timeout: Seconds for all of it.

        Raises:
            UnknownNameError: The name is not known.
            HandshakeError: The peer that leads to the name servers does not answer.
            TimeoutError: There was no answer in time.
        """
        self._running()
        if is_numeric(name):
            return [name]
        assert self._loop is not None
        with self._explained(name, None, timeout):
            if threading.get_ident() == self._loop_thread:
                host, resolver, outside = self._host, self._resolver, self._outside
                return blocking.resolved_aside(
                    host, resolver, outside, name, family, timeout=timeout
                )
            asked = asyncio.run_coroutine_threadsafe(self.addresses(name, family), self._loop)
            try:
                return asked.result(timeout)
            finally:
                asked.cancel()

    def _now(self) -> float:
        """Seconds, on the engine's clock."""
        return self._host.network.engine.now() / 1e9
