"""DatagramTransport: a UDP socket as asyncio has it."""

from __future__ import annotations

import asyncio
import errno
import warnings
from typing import TYPE_CHECKING

from usernet.net.address import check_bytes, is_numeric, show, to_core
from usernet.net.bridge import GONE, WRITABLE
from usernet.net.ending import Ending, network_stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from usernet.net.border import Address
    from usernet.net.socket import Socket

__all__ = ["DatagramTransport"]

_AT_ONCE = 64
"""How many datagrams are read before others have their turn."""


class DatagramTransport(
    Ending["tuple[bytes, Address | None]", asyncio.DatagramProtocol], asyncio.DatagramTransport
):
    """A UDP socket.

    Args:
        loop: The loop whose callbacks run the protocol.
        socket: The socket.
        protocol: Who gets what is received.
        remote: The one address to send to, if the endpoint was made for one.
        waiter: A future that is done after `connection_made`.
    """

    _socket: Socket | None = None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: Socket,
        protocol: asyncio.DatagramProtocol,
        remote: object = None,
        waiter: asyncio.Future[None] | None = None,
    ) -> None:
        super().__init__(loop, socket.host.context())
        self._protocol = protocol
        self._remote = remote
        self._read_handle: asyncio.Handle | None = None
        self._resolved: dict[object, Address] = {}
        self._socket = socket
        self._connected = _peer(socket)
        self._extra = {
            "socket": socket,
            "sockname": socket.getsockname(),
            "peername": self._connected,
        }
        self._call_soon(protocol.connection_made, self)
        self._call_soon(self._start_reading)
        self._done_soon(waiter)

    def __repr__(self) -> str:
        state = "closed" if self._socket is None else "closing" if self._closing else "open"
        return f"<{type(self).__name__} {state} {self._extra['sockname']}>"

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if self._socket is not None:
            _warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self._socket.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give what comes to this protocol from now on."""
        assert isinstance(protocol, asyncio.DatagramProtocol)
        self._protocol = protocol

    # ---- reading ----

    def _start_reading(self) -> None:
        if self._socket is not None and not self._closing:
            self._socket.watched_by(self._context, self._on_events)
            self._read_ready()

    def _on_events(self, flags: int) -> None:
        if flags & GONE:
            self._force_close(network_stopped())
            return
        if self._buffer and flags & WRITABLE:
            self._write_ready()
        if self._read_handle is None:
            self._read_ready()

    def _read_ready(self) -> None:
        self._read_handle = None
        for _ in range(_AT_ONCE):
            if self._closing or self._socket is None or not self._read_one(self._socket):
                return
        self._read_handle = self._call_soon(self._read_ready)

    def _read_one(self, socket: Socket) -> bool:
        """Read one datagram; returns whether there may be more."""
        try:
            got = socket.receive_datagram()
        except OSError as error:
            if error.errno == errno.EBADF:
                self._force_close(error)
                return False
            self._call(self._protocol.error_received, error)
            return True
        if got is None:
            return False
        self._call(self._protocol.datagram_received, got[0], show(got[1], socket.family))
        return True

    # ---- writing ----

    def sendto(self, data: Buffer, addr: object = None) -> None:
        """Send a datagram; to nobody in particular where the endpoint has one peer."""
        check_bytes(data)
        if self._remote and addr not in (None, self._remote):
            raise ValueError(f"Invalid address: must be None or {self._remote}")
        if self._conn_lost or self._socket is None:
            self._written_after_loss()
            return
        remote = None if self._connected else self._core_address(addr or self._remote)
        if not self._buffer and self._send(self._socket, data, remote):
            return
        kept = bytes(memoryview(data))
        self._buffer.append((kept, remote))
        self._buffered += len(kept)
        self._maybe_pause_protocol()

    def _core_address(self, address: object) -> Address:
        known = self._resolved.get(address)
        if known is None:
            assert self._socket is not None
            family = self._socket.family
            known = to_core(self._socket.host.resolved(address, family), family)
            if len(self._resolved) < _REMEMBERED and is_numeric(known[0]):
                self._resolved[address] = known
        return known

    def _send(self, socket: Socket, data: Buffer, remote: Address | None) -> bool:
        """Send, or tell the protocol why not; False where there is no room."""
        try:
            if remote is not None:
                return socket.send_datagram(data, remote)
            socket.send(data)
        except BlockingIOError:
            return False
        except OSError as error:
            self._call(self._protocol.error_received, error)
        return True

    def _write_ready(self) -> None:
        while self._buffer and self._socket is not None:
            data, remote = self._buffer[0]
            if not self._send(self._socket, data, remote):
                break
            self._buffer.popleft()
            self._buffered -= len(data)
        self._maybe_resume_protocol()
        if not self._buffer and self._closing:
            self._call_connection_lost(None)

    # ---- the end ----

    def _call_connection_lost(self, error: Exception | None) -> None:
        socket, self._socket = self._socket, None
        if socket is None:
            return
        try:
            self._protocol.connection_lost(error)
        finally:
            socket.close()

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call the protocol: what it raises is reported, and kills the endpoint alone."""
        try:
            function(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            name = getattr(function, "__name__", "?")
            self._report(error, f"Fatal error: protocol.{name}() call failed.")
            self._force_close(error if isinstance(error, Exception) else None)


_REMEMBERED = 1024
"""How many addresses a transport keeps in the core's form."""


def _peer(socket: Socket) -> object:
    try:
        return socket.getpeername()
    except OSError:
        return None
