"""Host: asyncio's own names, on a host of the network.

A host is where a program lives: what it opens leaves by the host's interfaces, and names are those
of the network. Call its methods, or let a program that knows nothing of hosts live on one: under
`usernet.net.event_loop.EventLoop` its calls go to the host that is current, ``with host:`` or in
``await host.run(coroutine)``.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import socket as system
from collections import deque
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, Unpack, cast

from usernet.net import blocking, connecting, current, endpoint, resolver, serving
from usernet.net.address import family_of
from usernet.net.arguments import client_tls, core_options, server_tls
from usernet.net.echoing import Echoing
from usernet.net.operations import virtual
from usernet.net.server import Server
from usernet.net.splice import Dialled

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from types import TracebackType

    import httpx

    from usernet.engine.host_statistics import HostStatistics
    from usernet.net.address import SocketAddress
    from usernet.net.arguments import ConnectionKeys, ServerKeys
    from usernet.net.border import CoreSocket, HostNetwork
    from usernet.net.endpoint import EndpointKeys
    from usernet.net.httpx_transport import TransportKeys
    from usernet.net.resolver import AddressInfo
    from usernet.net.socket import Socket

__all__ = ["Host"]

_T = TypeVar("_T")
_ProtocolT = TypeVar("_ProtocolT", bound=asyncio.BaseProtocol)
_DatagramT = TypeVar("_DatagramT", bound=asyncio.BaseProtocol)
_Client: TypeAlias = (
    "Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]"
)

_MOST_LET_GO = 256
"""Of older ones the engine has read the end long since."""
_LIMIT = 64 * 1024
"""How much a stream buffers before it stops reading, as in asyncio."""


class Host(Echoing):
    """A host of a network.

    Args:
        network: The network, whose engine has a host of this name.
        name: Its name.

    Attributes:
        asks: What finds the addresses of a name, of a family or of both where 0, that the network
            itself does not know; None where nobody does. It may raise ``gaierror``.
        let_go: The last connections of `connect_socket` whose program has closed its end.
    """

    def __init__(self, network: HostNetwork, name: str) -> None:
        self.network = network
        self.name = name
        self.asks: Callable[[str, int], Awaitable[Sequence[str]]] | None = None
        self.let_go: deque[CoreSocket] = deque(maxlen=_MOST_LET_GO)

    def __repr__(self) -> str:
        return f"<Host {self.name}>"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses."""
        return tuple(self.network.addresses_of(self.name, 0))

    def statistics(self) -> HostStatistics:
        """What it has counted: packets, drops by cause, sockets.

        Raises:
            EngineError: The network does not run.
        """
        return self.network.statistics().hosts[self.name]

    # ---- living on it ----

    def __enter__(self) -> Self:
        current.enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current.leave()

    async def run(self, coroutine: Coroutine[object, object, _T]) -> _T:
        """Run a coroutine that lives on this host, and so do the tasks that it starts."""
        with self:
            return await coroutine

    # ---- streams ----

    async def open_connection(
        self,
        host: str | None = None,
        port: int | str | None = None,
        *,
        limit: int = _LIMIT,
        **keys: Unpack[ConnectionKeys],
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; returns a reader and a writer, as `asyncio.open_connection`.

        Args:
            host: A name of the network, or a numeric address.
            port: The port.
            limit: How many bytes the reader buffers before it stops reading, at least.
            keys: asyncio's keywords, and ``options``.
        """
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=limit, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await self.create_connection(lambda: protocol, host, port, **keys)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def start_server(
        self,
        client_connected_cb: _Client,
        host: str | Sequence[str] | None = None,
        port: int | str | None = None,
        *,
        limit: int = _LIMIT,
        **keys: Unpack[ServerKeys],
    ) -> Server:
        """Serve: call back with a reader and a writer for each client, as `asyncio.start_server`.

        Args:
            client_connected_cb: A function or a coroutine function.
            host: The addresses to listen on; all of the host's where None.
            port: The port; 0 for any free one.
            limit: How many bytes each reader buffers before it stops reading, at least.
            keys: asyncio's keywords, and ``options``.
        """
        loop = asyncio.get_running_loop()

        def factory() -> asyncio.StreamReaderProtocol:
            reader = asyncio.StreamReader(limit=limit, loop=loop)
            return asyncio.StreamReaderProtocol(reader, client_connected_cb, loop=loop)

        return await self.create_server(factory, host, port, **keys)

    async def dial(
        self,
        host: str,
        port: int,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the error says what was dialled
    ) -> Dialled:
        """Connect, for a socket that is to be spliced: ``await dialled.splice(socket)``.

        Args:
            host: A name of the network, or a numeric address.
            port: The port.
            timeout: Seconds after which nobody has answered.

        Raises:
            TimeoutError: Nobody answered in time.
            ConnectionRefusedError: Nobody listens there.
            OSError: There is no route, or whatever else it was.
            gaierror: The name is unknown in the network.
        """
        try:
            async with asyncio.timeout(timeout):
                return Dialled(await self._connected(host, port, {"happy_eyeballs_delay": 0.25}))
        except TimeoutError as error:
            if error.errno:
                raise
            problem = f"no answer from {host} port {port} within {timeout:g} s"
            raise TimeoutError(errno.ETIMEDOUT, problem) from None

    def connect_socket(
        self, address: tuple[str, int], timeout: float | None = None
    ) -> system.socket:
        """Connect, and wait for it; a real socket, for programs that block.

        In real time alone, from any thread, whether asyncio runs or not. The socket is one end of
        a pair of the unix family, so it can be polled, passed on and given to a program; it has the
        addresses of the connection.

        Args:
            address: A name of the network or a numeric address, and a port.
            timeout: Seconds to wait for the connection, and later for each operation; for ever
                where None.

        Raises:
            EscapeError: Time is virtual.
            TimeoutError: Nobody answered in time.
            ConnectionRefusedError: Nobody listens there.
            OSError: There is no route, or whatever else it was.
            gaierror: The name is unknown in the network.
        """
        return blocking.connect(self, address, timeout)

    # ---- transports and protocols ----

    async def create_connection(
        self,
        protocol_factory: Callable[[], _ProtocolT],
        host: str | None = None,
        port: int | str | None = None,
        **keys: Unpack[ConnectionKeys],
    ) -> tuple[asyncio.Transport, _ProtocolT]:
        """Connect, as `loop.create_connection`.

        Raises:
            ConnectionRefusedError: Nobody listens there.
            OSError: There is no route (``ENETUNREACH``), no answer, or whatever else it was.
            gaierror: The name is unknown in the network.
        """
        tls = client_tls(host, keys)
        sock = keys.get("sock")
        if sock is not None:
            _without_address(host, port)
            socket = _stream_socket(sock)
        elif host is None and port is None:
            raise ValueError("host and port was not specified and no sock specified")
        else:
            socket = await self._connected(host, port, keys)
        protocol = protocol_factory()
        return await connecting.begin(socket, protocol, tls), protocol

    async def _connected(
        self, host: str | None, port: int | str | None, keys: ConnectionKeys
    ) -> Socket:
        family, proto, flags = keys.get("family", 0), keys.get("proto", 0), keys.get("flags", 0)
        local_addr = keys.get("local_addr")
        infos = await self._found(host, port, family, proto, flags)
        local = self._infos(*local_addr, family, proto, flags) if local_addr else None
        delay = keys.get("happy_eyeballs_delay")
        interleave = keys.get("interleave")
        if interleave is None and delay is not None:
            interleave = 1
        return await connecting.connect(
            self,
            connecting.interleaved(infos, interleave) if interleave else infos,
            local,
            delay=delay,
            all_errors=keys.get("all_errors", False),
            options=core_options(keys.get("options")),
        )

    async def create_server(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | Sequence[str] | None = None,
        port: int | str | None = None,
        **keys: Unpack[ServerKeys],
    ) -> Server:
        """Serve, as `loop.create_server`; ``reuse_address`` changes nothing.

        Raises:
            OSError: The address is taken, or not the host's.
        """
        tls = server_tls(keys)
        sock = keys.get("sock")
        if sock is not None:
            _without_address(host, port)
            sockets = [_stream_socket(sock)]
        elif host is None and port is None:
            raise ValueError("Neither host/port nor sock were specified")
        else:
            sockets = self._listening(host, port, keys)
        server = Server(
            asyncio.get_running_loop(),
            sockets,
            protocol_factory,
            tls=tls,
            backlog=keys.get("backlog", 100),
            context=self.context(),
        )
        if keys.get("start_serving", True):
            await server.start_serving()
        return server

    def _listening(
        self, host: str | Sequence[str] | None, port: int | str | None, keys: ServerKeys
    ) -> list[Socket]:
        family, flags = keys.get("family", 0), keys.get("flags", int(system.AI_PASSIVE))
        return serving.listening_sockets(
            self,
            [self._infos(name, port, family, 0, flags) for name in serving.hosts_of(host)],
            reuse_port=bool(keys.get("reuse_port")),
            keep_alive=bool(keys.get("keep_alive")),
            options=core_options(keys.get("options")),
        )

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], _DatagramT],
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
        **keys: Unpack[EndpointKeys],
    ) -> tuple[asyncio.DatagramTransport, _DatagramT]:
        """A UDP socket, as `loop.create_datagram_endpoint`.

        Raises:
            OSError: The address is taken, or not the host's.
        """
        if remote_addr is not None:
            known = await self._asked(remote_addr[0], keys.get("family", 0))
            remote_addr = (known[0], remote_addr[1]) if known else remote_addr
        socket, remote = endpoint.datagram_socket(self, local_addr, remote_addr, keys)
        return await endpoint.begin(socket, protocol_factory, remote)

    async def start_tls(
        self,
        transport: asyncio.WriteTransport,
        protocol: asyncio.BaseProtocol,
        sslcontext: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> asyncio.Transport | None:
        """Speak TLS from now on, as `loop.start_tls`."""
        # asyncio's own, also where the running loop has another.
        loop = cast("asyncio.BaseEventLoop", asyncio.get_running_loop())
        return await asyncio.BaseEventLoop.start_tls(
            loop,
            transport,
            protocol,
            sslcontext,
            server_side=server_side,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )

    # ---- names ----

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as in the module socket
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """The addresses of a name in the network, as `loop.getaddrinfo`.

        Raises:
            gaierror: The name is unknown, or has no address of that family.
        """
        name = host.decode("idna") if isinstance(host, bytes) else host
        return resolver.address_infos(
            self.network,
            self.name,
            name,
            port,
            family=family,
            type=type,
            proto=proto,
            flags=flags,
            known=await self._asked(name, family),
        )

    async def getnameinfo(self, sockaddr: SocketAddress, flags: int = 0) -> tuple[str, str]:
        """The name of an address in the network, as `loop.getnameinfo`."""
        return resolver.name_info(self.network, sockaddr, flags)

    def resolved(self, address: object, family: int) -> object:
        """A socket address with its name, if it has one, made numeric.

        Raises:
            gaierror: The name is unknown, or has no address of that family.
        """
        if not isinstance(address, tuple):
            return address
        parts = cast("tuple[object, ...]", address)
        host = str(parts[0])
        if not host or host == "<broadcast>" or family_of(host) != system.AF_UNSPEC:
            return parts
        infos = resolver.address_infos(
            self.network,
            self.name,
            host,
            cast("int", parts[1]),
            family=family,
            type=system.SOCK_DGRAM,
        )
        return infos[0][4]

    async def _asked(self, name: str | None, family: int) -> Sequence[str] | None:
        """The addresses of a name that the network itself does not know."""
        if self.asks is None or not name or resolver.is_known(self.network, name):
            return None
        return await self.asks(name, family)

    async def _found(
        self, host: str | None, port: int | str | None, family: int, proto: int, flags: int
    ) -> list[AddressInfo]:
        return await self.getaddrinfo(
            host, port, family=family, type=system.SOCK_STREAM, proto=proto, flags=flags
        )

    def _infos(
        self, host: str | None, port: int | str | None, family: int, proto: int, flags: int
    ) -> list[AddressInfo]:
        return resolver.address_infos(
            self.network,
            self.name,
            host,
            port,
            family=family,
            type=system.SOCK_STREAM,
            proto=proto,
            flags=flags,
        )

    # ---- what else ----

    def httpx_transport(self, **keys: Unpack[TransportKeys]) -> httpx.AsyncHTTPTransport:
        """What ``httpx.AsyncClient(transport=…)`` takes, to connect from this host.

        Args:
            keys: As of `httpx.AsyncHTTPTransport`: ``verify``, ``http1``, ``http2``, ``limits``,
                ``retries``.
        """
        from usernet.net import httpx_transport  # noqa: PLC0415 - where httpx is wanted

        return httpx_transport.transport(self, keys)

    def context(self) -> contextvars.Context:
        """A copy of the present context, in which this host is current."""
        context = contextvars.copy_context()
        if context.run(current.host_or_none) is not self:
            context.run(current.enter, self)
        return context


def _without_address(host: object, port: object) -> None:
    if host is not None or port is not None:
        raise ValueError("host/port and sock can not be specified at the same time")


def _stream_socket(sock: object) -> Socket:
    socket = virtual(sock)
    if socket.type != system.SOCK_STREAM:
        raise ValueError(f"A Stream Socket was expected, got {sock!r}")
    socket.setblocking(False)
    return socket
