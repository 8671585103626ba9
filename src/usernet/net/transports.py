"""StreamTransport: a TCP connection as asyncio has it, behaving as its selector transports do.

What is written goes into the core's send buffer, as it would into the kernel's; only what does not
fit there waits here, and counts against the limits of writing. Reading tries until nothing is
there, because the core tells only then when there is something again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import warnings
from asyncio import constants
from typing import TYPE_CHECKING, cast

from usernet.errors import EngineError
from usernet.net.address import check_bytes, show
from usernet.net.bridge import FAILED, FINISHED, GONE, READABLE, WRITABLE
from usernet.net.ending import Ending, network_stopped
from usernet.net.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from usernet.net.address import SocketAddress
    from usernet.net.border import CoreSocket
    from usernet.net.host import Host
    from usernet.net.server import Server

__all__ = ["StreamTransport"]

_FALLBACK = constants._SendfileMode.FALLBACK  # pyright: ignore[reportPrivateUsage]
_log = logging.getLogger("asyncio")

_READ = READABLE | FINISHED | FAILED


class StreamTransport(Ending["memoryview | bytes", asyncio.BaseProtocol], asyncio.Transport):
    """A TCP connection.

    Args:
        loop: The loop whose callbacks run the protocol.
        host: The host the connection is of.
        core: The connection.
        protocol: Who gets what is received.
        waiter: A future that is done after `connection_made`.
        server: The server that accepted it, if one did.
        socket: The socket object that it was, if it was one.
        family: Its address family, where there is no socket object to tell.
        context: The context in which the protocol is called; without it the present, on the host.
    """

    max_size = 256 * 1024
    """How many bytes are read at once, as in asyncio."""

    _start_tls_compatible = True
    _sendfile_compatible = _FALLBACK

    _core: CoreSocket | None = None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        host: Host,
        core: CoreSocket,
        protocol: asyncio.BaseProtocol,
        *,
        waiter: asyncio.Future[None] | None = None,
        server: Server | None = None,
        socket: Socket | None = None,
        family: int = 0,
        context: Context | None = None,
    ) -> None:
        super().__init__(loop, context if context is not None else host.context())
        self._host = host
        self._bridge = host.network.bridge
        self._server = server
        self._socket = socket
        self._family = socket.family if socket is not None else family
        self._paused = self._eof = self._peer_finished = False
        # Until an attempt meets nothing, there may be bytes or an end that nobody was told of.
        self._unread = self._ends = True
        self._read_handle: asyncio.Handle | None = None
        self._core = core
        self._key = core.key
        self.set_protocol(protocol)
        if server is not None:
            server.attach(self)
        self._call_soon(self._begin)
        self._done_soon(waiter)
        self._call_soon(self._start_reading)

    def __repr__(self) -> str:
        core = self._core
        state = "closed" if core is None else "closing" if self._closing else "open"
        ends = f"{self.get_extra_info('sockname')} -> {self.get_extra_info('peername')}"
        waits = f"to be written {self._buffered}"
        if core is not None:
            with contextlib.suppress(EngineError):
                waits += f", to be acknowledged {core.unacknowledged()}"
        if self._paused:
            waits += ", reading is paused"
        return f"<{type(self).__name__} {ends} {state}: {waits}>"

    def __hash__(self) -> int:
        # Its number, not its place in memory: sets of them have one order in every run.
        return self._key

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if self._core is not None:
            _warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self._core.close()

    # ---- what it is ----

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give what comes to this protocol from now on."""
        self._protocol = protocol
        self._receive = (
            self._receive_into
            if isinstance(protocol, asyncio.BufferedProtocol)
            else self._receive_bytes
        )

    def get_extra_info(self, name: str, default: object = None) -> object:
        """``socket``, ``sockname``, ``peername``; ``tcp_info``, what the connection is doing."""
        if name not in self._extra and self._core is not None:
            if name == "tcp_info":
                return json.loads(self._core.info())
            if name == "socket":
                self._extra[name] = self._own_socket(self._core)
            elif name in ("sockname", "peername"):
                self._extra[name] = self._address(self._core, own=name == "sockname")
        return self._extra.get(name, default)

    def _address(self, core: CoreSocket, *, own: bool) -> SocketAddress | None:
        try:
            address = core.local() if own else core.remote()
        except EngineError:
            return None
        return None if address is None else show(address, self._family)

    def _own_socket(self, core: CoreSocket) -> Socket:
        if self._socket is None:
            self._socket = Socket.adopt(self._host, core, self._family)
        return self._socket

    # ---- reading ----

    def is_reading(self) -> bool:
        """Whether it reads."""
        return not self._closing and not self._paused

    def pause_reading(self) -> None:
        """Read no more for now."""
        if self.is_reading():
            self._paused = True

    def resume_reading(self) -> None:
        """Read again."""
        if self._closing or not self._paused:
            return
        self._paused = False
        if self._unread:
            self._read_soon()

    def _begin(self) -> None:
        try:
            self._protocol.connection_made(self)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.connection_made() call failed.")

    def _start_reading(self) -> None:
        if self._core is not None and not self._conn_lost:
            self._call_soon(self._watch)

    def _watch(self) -> None:
        # Not before: whoever waits for the connection may change its protocol first.
        if self._core is not None and not self._conn_lost:
            self._bridge.watch(self._core.key, self._context, self._on_events)
            self._read_ready()

    def _on_events(self, flags: int) -> None:
        if flags & GONE:
            self._force_close(network_stopped())
            return
        if self._buffer and flags & (WRITABLE | FAILED):
            self._write_ready()
        if flags & _READ:
            self._unread = True
            self._ends = self._ends or bool(flags & (FINISHED | FAILED))
            if self._read_handle is None:
                self._read_ready()

    def _read_soon(self) -> None:
        if self._read_handle is None:
            self._read_handle = self._call_soon(self._read_ready)

    def _read_ready(self) -> None:
        """Read one chunk, and come back in the loop's next round if there may be more."""
        self._read_handle = None
        if self._paused or self._closing or self._peer_finished:
            return
        self._receive()
        if self._unread and not self._paused:
            self._read_soon()

    def _receive_bytes(self) -> None:
        try:
            data = self._core.receive(self.max_size)  # type: ignore[union-attr]
        except OSError as error:
            self._fatal_error(error, "Fatal read error on socket transport")
            return
        if not data:
            self._nothing(ended=data is not None)
            return
        self._unread = self._ends or len(data) == self.max_size
        try:
            self._protocol.data_received(data)  # type: ignore[attr-defined]
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.data_received() call failed.")

    def _receive_into(self) -> None:
        core = self._core
        assert core is not None
        try:
            # As asyncio, ask for a buffer only where there is something to put into it.
            if core.readable():
                self._fill(core, b"")
            elif first := core.receive(1):
                self._fill(core, first)
            else:
                self._nothing(ended=first is not None)
        except OSError as error:
            self._fatal_error(error, "Fatal read error on socket transport")

    def _fill(self, core: CoreSocket, first: bytes) -> None:
        """Have the protocol's buffer filled: with a byte that came this moment, and the rest."""
        protocol = cast("asyncio.BufferedProtocol", self._protocol)
        try:
            buffer = _some_buffer(protocol)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.get_buffer() call failed.")
            return
        buffer[: len(first)] = first
        rest = buffer[len(first) :]
        count = len(first) + (core.receive_into(rest) or 0) if rest else len(first)
        self._unread = self._ends or count == len(buffer)
        try:
            protocol.buffer_updated(count)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.buffer_updated() call failed.")

    def _nothing(self, *, ended: bool) -> None:
        self._unread = self._ends = False
        if not ended:
            return
        self._peer_finished = True
        protocol = cast("asyncio.Protocol", self._protocol)
        try:
            keep_open = protocol.eof_received()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.eof_received() call failed.")
            return
        if not keep_open:
            self.close()

    # ---- writing ----

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        """Send these bytes, now or as soon as there is room."""
        check_bytes(data)
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data:
            return
        if self._conn_lost or self._core is None:
            self._written_after_loss()
            return
        if not self._buffer:
            try:
                sent = self._core.send(data)
            except OSError as error:
                self._fatal_error(error, "Fatal write error on socket transport")
                return
            self._bridge.soon()
            rest = memoryview(data).cast("B")[sent:]
            if not rest:
                return
        else:
            rest = memoryview(data).cast("B")
        self._keep(rest)

    def _keep(self, rest: memoryview) -> None:
        """Let bytes wait here; a copy of what its owner could change."""
        self._buffer.append(rest if isinstance(rest.obj, bytes) else bytes(rest))
        self._buffered += len(rest)
        self._maybe_pause_protocol()

    def writelines(self, list_of_data: object) -> None:
        """Send these pieces one after another."""
        self.write(b"".join(cast("list[bytes]", list_of_data)))

    def _write_ready(self) -> None:
        if self._conn_lost or self._core is None:
            return
        try:
            self._flush(self._core)
        except OSError as error:
            self._forget_waiting()
            self._fatal_error(error, "Fatal write error on socket transport")
            return
        self._bridge.soon()
        self._maybe_resume_protocol()
        if not self._buffer:
            self._all_written()

    def _flush(self, core: CoreSocket) -> None:
        buffer = self._buffer
        while buffer:
            piece = buffer[0]
            sent = core.send(piece)
            self._buffered -= sent
            if sent < len(piece):
                buffer[0] = memoryview(piece)[sent:]
                return
            buffer.popleft()

    def _all_written(self) -> None:
        if self._closing:
            self._call_connection_lost(None)
        elif self._eof and self._core is not None:
            self._core.shutdown()
            self._bridge.soon()

    def can_write_eof(self) -> bool:
        """True."""
        return True

    def write_eof(self) -> None:
        """Finish sending, after what was written; what the peer sends still comes."""
        if self._closing or self._eof:
            return
        self._eof = True
        if not self._buffer and self._core is not None:
            self._core.shutdown()
            self._bridge.soon()

    # ---- the end ----

    def _fatal_error(self, error: BaseException, message: str) -> None:
        if isinstance(error, OSError):
            if self._loop.get_debug():
                _log.debug("%r: %s", self, message, exc_info=True)
        else:
            self._report(error, message)
        self._force_close(error)

    def _call_connection_lost(self, error: Exception | None) -> None:
        core = self._core
        if core is None:
            return
        try:
            self._protocol.connection_lost(error)
        finally:
            self._release(core)

    def _release(self, core: CoreSocket) -> None:
        self.get_extra_info("sockname")
        self.get_extra_info("peername")
        self._bridge.forget(core.key)
        if self._socket is not None:
            self._socket.close()
        else:
            core.close()
        self._core = None
        self._bridge.soon()
        if self._server is not None:
            self._server.detach(self)
            self._server = None


def _some_buffer(protocol: asyncio.BufferedProtocol) -> memoryview[int]:
    buffer = memoryview(protocol.get_buffer(-1))
    if not buffer.nbytes:
        raise RuntimeError("get_buffer() returned an empty buffer")
    return buffer.cast("B")
