"""Pump: standard input into a stream socket, and the socket into standard output, until both end.

Two threads that block: the descriptors are not ours, and whoever shares them would be surprised by
``O_NONBLOCK`` on them. Each way has one piece in hand, so memory is bounded.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading

__all__ = ["pump"]

_PIECE = 256 * 1024
"""Bytes in hand, each way."""


def pump(stream: socket.socket, source: int, sink: int) -> tuple[int, int]:
    """Carry bytes both ways until both have ended; bytes sent and received.

    An end is passed on: that of ``source`` as a half-close, that of the stream by closing ``sink``.
    Where nobody reads from ``sink`` any more, it is over at once.

    Args:
        stream: A connected stream socket that blocks; it is closed in the end.
        source: Where to read what is sent.
        sink: Where to write what is received; closed.

    Raises:
        ConnectionResetError: The other end has gone, and not all was said.
        OSError: ``source`` cannot be read.
    """
    sending = _Sending(stream, source)
    sending.start()
    received = _receive(stream, sink)
    if received is None:
        stream.close()
        return sending.sent, 0
    sending.done.acquire()
    stream.close()
    if sending.error is not None:
        raise sending.error
    return sending.sent, received


def _receive(stream: socket.socket, sink: int) -> int | None:
    """How much came until the stream's end; None where nobody wanted it any more."""
    received = 0
    room = memoryview(bytearray(_PIECE))
    while count := stream.recv_into(room):
        received += count
        try:
            _write(sink, room[:count])
        except BrokenPipeError:
            return None
    _end(sink)
    return received


def _write(sink: int, data: memoryview) -> None:
    while data:
        data = data[os.write(sink, data) :]


def _end(sink: int) -> None:
    """Close a descriptor; its number stays taken, so that nothing else is written to it."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sink)
    os.close(null)


class _Sending(threading.Thread):
    """Reads, and sends. It is left alone where it waits for input that nobody wants."""

    def __init__(self, stream: socket.socket, source: int) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._source = source
        self.sent = 0
        self.error: OSError | None = None
        self.done = threading.Semaphore(0)

    def run(self) -> None:
        try:
            while data := self._next():
                self._stream.sendall(data)
                self.sent += len(data)
            with contextlib.suppress(OSError):  # it has gone already, which is an end as well
                self._stream.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            self.error = ConnectionResetError("the other end took not all that was sent")
        except OSError as error:
            self.error = error
        finally:
            self.done.release()

    def _next(self) -> bytes:
        """The next piece of input; nothing at its end, or where the connection is over."""
        ready = select.poll()
        ready.register(self._source, select.POLLIN)
        ready.register(self._stream, 0)
        found = dict(ready.poll())
        if self._source not in found and found.get(self._stream.fileno(), 0):
            return b""
        return os.read(self._source, _PIECE)
