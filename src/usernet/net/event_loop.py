"""EventLoop: an asyncio event loop in virtual time, whose network is the simulated one.

Network calls go to the host that is current: see `usernet.net.host.Host`. While the loop runs,
`socket.socket` makes virtual sockets, and names resolve in the network, for libraries that bring
their own sockets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from usernet.net import connecting, operations, patches
from usernet.net.arguments import server_tls
from usernet.net.current import current_host
from usernet.net.escape import escaped
from usernet.net.operations import virtual
from usernet.net.socket import Socket, by_descriptor
from usernet.net.timed_loop import TimedLoop

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from typing import NoReturn, Unpack

    from typing_extensions import Buffer

    from usernet.net.address import SocketAddress
    from usernet.net.arguments import ConnectionKeys, ServerKeys
    from usernet.net.endpoint import EndpointKeys
    from usernet.net.host import Host
    from usernet.net.resolver import AddressInfo
    from usernet.net.server import Server

__all__ = ["EventLoop"]

_ProtocolT = TypeVar("_ProtocolT", bound=asyncio.BaseProtocol)
_Watched = dict[int, tuple[Socket, asyncio.Handle]]


class EventLoop(TimedLoop):
    """An asyncio event loop in virtual time, on a simulated network.

    ``asyncio.Runner(loop_factory=EventLoop)`` runs a program on it; `usernet.simulate` does so,
    and gives it clocks and random numbers to match.

    Attributes:
        seed: What randomness is to follow from, where `usernet.simulate` was told; else None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seed: int | None = None
        self._readers: _Watched = {}
        self._writers: _Watched = {}

    def run_forever(self) -> None:
        """Run until `stop`."""
        with patches.sockets():
            super().run_forever()

    # ---- connections ----

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], _ProtocolT],
        host: str | None = None,
        port: int | str | None = None,
        **keys: Unpack[ConnectionKeys],
    ) -> tuple[asyncio.Transport, _ProtocolT]:
        """Connect, from the current host."""
        chosen = _host_of(keys.get("sock"))
        return await chosen.create_connection(protocol_factory, host, port, **keys)

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | Sequence[str] | None = None,
        port: int | str | None = None,
        **keys: Unpack[ServerKeys],
    ) -> Server:
        """Serve, on the current host."""
        chosen = _host_of(keys.get("sock"))
        return await chosen.create_server(protocol_factory, host, port, **keys)

    async def create_datagram_endpoint(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], _ProtocolT],
        local_addr: tuple[str, int] | None = None,
        remote_addr: tuple[str, int] | None = None,
        **keys: Unpack[EndpointKeys],
    ) -> tuple[asyncio.DatagramTransport, _ProtocolT]:
        """A UDP socket of the current host."""
        chosen = _host_of(keys.get("sock"))
        return await chosen.create_datagram_endpoint(
            protocol_factory, local_addr, remote_addr, **keys
        )

    async def connect_accepted_socket(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], _ProtocolT],
        sock: Socket,
        *,
        ssl: ssl.SSLContext | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> tuple[asyncio.Transport, _ProtocolT]:
        """Make a socket that was accepted a transport."""
        tls = server_tls(
            {
                "ssl": ssl,
                "ssl_handshake_timeout": ssl_handshake_timeout,
                "ssl_shutdown_timeout": ssl_shutdown_timeout,
            }
        )
        protocol = protocol_factory()
        return await connecting.begin(virtual(sock), protocol, tls), protocol

    # ---- names ----

    async def getaddrinfo(  # type: ignore[override]
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as in asyncio
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """The addresses of a name in the network of the current host."""
        return await current_host().getaddrinfo(
            host, port, family=family, type=type, proto=proto, flags=flags
        )

    async def getnameinfo(self, sockaddr: SocketAddress, flags: int = 0) -> tuple[str, str]:
        """The name of an address in the network of the current host."""
        return await current_host().getnameinfo(sockaddr, flags)

    # ---- sockets ----

    async def sock_connect(self, sock: object, address: object) -> None:
        """Connect a virtual socket."""
        await operations.connect(virtual(sock), address)

    async def sock_accept(self, sock: object) -> tuple[Socket, SocketAddress]:  # type: ignore[override]
        """Take the next connection of a virtual socket."""
        return await operations.accept(virtual(sock))

    async def sock_recv(self, sock: object, nbytes: int) -> bytes:
        """Receive from a virtual socket."""
        return await operations.receive(virtual(sock), nbytes)

    async def sock_recv_into(self, sock: object, buf: Buffer) -> int:
        """Receive from a virtual socket into a buffer."""
        return await operations.receive_into(virtual(sock), buf)

    async def sock_recvfrom(self, sock: object, bufsize: int) -> tuple[bytes, SocketAddress | None]:
        """Receive a datagram from a virtual socket."""
        return await operations.receive_from(virtual(sock), bufsize)

    async def sock_recvfrom_into(
        self, sock: object, buf: Buffer, nbytes: int = 0
    ) -> tuple[int, SocketAddress | None]:
        """Receive a datagram from a virtual socket into a buffer."""
        return await operations.receive_from_into(virtual(sock), buf, nbytes)

    async def sock_sendall(self, sock: object, data: Buffer) -> None:
        """Send all of it by a virtual socket."""
        await operations.send_all(virtual(sock), data)

    async def sock_sendto(self, sock: object, data: Buffer, address: object) -> int:
        """Send a datagram by a virtual socket."""
        return await operations.send_to(virtual(sock), data, address)

    async def sock_sendfile(  # type: ignore[override]
        self,
        sock: object,
        file: BinaryIO,
        offset: int = 0,
        count: int | None = None,
        *,
        fallback: bool | None = True,
    ) -> int:
        """Send a file by a virtual socket; there is no native way, so ``fallback`` is needed."""
        if not fallback:
            raise asyncio.SendfileNotAvailableError("a virtual socket has no native sendfile")
        return await operations.send_file(virtual(sock), file, offset, count)

    # ---- descriptors ----

    def add_reader(self, fd: object, callback: Callable[..., object], *args: object) -> None:
        """Call back, in each round, while a virtual socket may have something to read."""
        self._add(self._readers, fd, asyncio.Handle(callback, args, self, None))

    def remove_reader(self, fd: object) -> bool:
        """Undo `add_reader`; whether there was one."""
        return self._remove(self._readers, fd)

    def add_writer(self, fd: object, callback: Callable[..., object], *args: object) -> None:
        """Call back, in each round, while a virtual socket may have room to write."""
        self._add(self._writers, fd, asyncio.Handle(callback, args, self, None))

    def remove_writer(self, fd: object) -> bool:
        """Undo `add_writer`; whether there was one."""
        return self._remove(self._writers, fd)

    def _add(self, watched: _Watched, fd: object, handle: asyncio.Handle) -> None:
        self._check_closed()
        number = _number(fd)
        socket = by_descriptor(number)
        if socket is None:
            raise escaped(f"descriptor {number}")
        self._remove(watched, fd)
        watched[number] = socket, handle

    def _remove(self, watched: _Watched, fd: object) -> bool:
        self._check_closed()
        _, handle = watched.pop(_number(fd), (None, None))
        if handle is None:
            return False
        handle.cancel()
        return True

    def _look(self) -> None:
        super()._look()
        if self._readers or self._writers:
            self._look_at_descriptors()

    def _pass_time(self, timer: int | None) -> bool:
        if not self._readers and not self._writers:
            return super()._pass_time(timer)
        # What can be read or written already comes before time passes.
        self._look()
        return bool(self._ready) or super()._pass_time(timer)

    def _look_at_descriptors(self) -> None:
        self._ready.extend(
            handle for socket, handle in self._readers.values() if socket.ready.readable
        )
        self._ready.extend(
            handle for socket, handle in self._writers.values() if socket.ready.writable
        )

    # ---- what there is none of ----

    async def create_unix_connection(self, *_: object, **__: object) -> NoReturn:
        """Refused: a simulated host has no files."""
        raise escaped("a Unix socket")

    async def create_unix_server(self, *_: object, **__: object) -> NoReturn:
        """Refused: a simulated host has no files."""
        raise escaped("a Unix socket")

    async def connect_read_pipe(self, protocol_factory: object, pipe: object) -> NoReturn:
        """Refused: a pipe lives in real time."""
        raise escaped("a pipe")

    async def connect_write_pipe(self, protocol_factory: object, pipe: object) -> NoReturn:
        """Refused: a pipe lives in real time."""
        raise escaped("a pipe")

    async def subprocess_exec(self, *_: object, **__: object) -> NoReturn:
        """Refused: another process lives in real time."""
        raise escaped("a process")

    async def subprocess_shell(self, *_: object, **__: object) -> NoReturn:
        """Refused: another process lives in real time."""
        raise escaped("a process")


def _host_of(sock: object) -> Host:
    return current_host() if sock is None else virtual(sock).host


def _number(fd: object) -> int:
    return fd if isinstance(fd, int) else cast("Socket", fd).fileno()
