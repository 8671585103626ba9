"""Pump: standard input into a stream socket, and the socket into standard output, until both end.

Two threads that block: the descriptors are not ours, and whoever shares them would be surprised by
``O_NONBLOCK`` on them. Each way has one piece in hand, so memory is bounded.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.tunnel.followed import Followed

__all__ = ["to_the_end"]

_PIECE = 256 * 1024
"""Bytes in hand, each way."""


_ERRORS = {
    "reset": errno.ECONNRESET,
    "timed out": errno.ETIMEDOUT,
    "unreachable": errno.EHOSTUNREACH,
}
"""What ends that are none are called."""


def to_the_end(followed: Followed, whom: tuple[str, int], say: Callable[[str], None]) -> int:
    """Carry standard input and output until both ways have ended; the exit code.

    An end is passed on: that of standard input as a half-close, that of the stream by closing
    standard output. Where nobody reads that any more, it is over at once.

    Args:
        followed: The connection, whose stream blocks; it is closed in the end.
        whom: The host and the port, for errors.
        say: Told how much was carried.

    Raises:
        OSError: The connection broke, or standard input cannot be read.
    """
    stream = followed.stream
    sending = _Sending(stream, sys.stdin.fileno())
    sending.start()
    received = _receive(stream, sys.stdout.fileno())
    if received is None:
        stream.close()
        return 0
    if not os.isatty(sys.stdin.fileno()):  # a person need not end what the other side has ended
        sending.done.acquire()
    stream.close()
    say(f"sent {sending.sent} bytes, received {received}")
    number = _ERRORS.get(followed.ended(), errno.ECONNRESET if sending.is_broken else 0)
    if number:
        host, port = whom
        about = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise OSError(number, os.strerror(number), about)
    if sending.error is not None:
        raise sending.error
    return 0


def _receive(stream: socket.socket, sink: int) -> int | None:
    """How much came until the stream's end; None where nobody wanted it any more."""
    received = 0
    room = memoryview(bytearray(_PIECE))
    while count := _next_of(stream, room):
        received += count
        try:
            _write(sink, room[:count])
        except BrokenPipeError:
            return None
    _end(sink)
    return received


def _next_of(stream: socket.socket, room: memoryview) -> int:
    """How much came; nothing where it is over, in whatever way."""
    try:
        return stream.recv_into(room)
    except ConnectionResetError:
        return 0


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
        self.is_broken = False
        self.done = threading.Semaphore(0)

    def run(self) -> None:
        try:
            while data := self._next():
                self._stream.sendall(data)
                self.sent += len(data)
            with contextlib.suppress(OSError):  # it has gone already, which is an end as well
                self._stream.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            self.is_broken = True
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
