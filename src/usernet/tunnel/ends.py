"""Ends: what a program holds of a UDP socket, or of a listening port, in a tunnel.

Each is one end of a pair of Unix sockets that keep messages apart (``SOCK_SEQPACKET``); whoever
holds the tunnel has the other, in this process or in an agent. Little is imported: commands start
with this.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
from typing import TYPE_CHECKING

from usernet.errors import EngineError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["LARGEST_DATAGRAM", "DatagramsEnd", "ListenerEnd", "framed", "pair", "unframed"]

LARGEST_DATAGRAM = 65507
"""The data of the largest datagram of IPv4 (RFC 768)."""
_LARGEST_FRAME = LARGEST_DATAGRAM + 258


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends; neither blocks."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def framed(data: bytes, host: str, port: int) -> bytes:
    """A datagram with the name or address before it, and the port."""
    name = host.encode()
    return bytes([len(name)]) + name + port.to_bytes(2, "big") + data


def unframed(frame: bytes) -> tuple[bytes, str, int]:
    """A datagram, and whom it is for or from.

    Raises:
        ValueError: It is none.
    """
    length = 1 + frame[0] if frame else 0
    if len(frame) < length + 2 or not length:
        raise ValueError("no datagram")
    port = int.from_bytes(frame[length : length + 2], "big")
    return frame[length + 2 :], frame[1:length].decode(), port


class _End:
    def __init__(self, end: socket.socket, address: tuple[str, int]) -> None:
        self._end = end
        self.address: tuple[str, int] = address
        end.setblocking(False)

    def fileno(self) -> int:
        """A descriptor that is readable while something, or the end, waits."""
        return self._end.fileno()

    def close(self) -> None:
        """Let go of it. Safe to call twice."""
        self._end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait(self, timeout: float | None) -> None:
        if self._end.fileno() < 0:
            raise EngineError("it is closed")
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        if not poll.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError(f"nothing came within {timeout:g} s")


class DatagramsEnd(_End):
    """A UDP socket in a tunnel: `usernet.tunnel.way.Datagrams`."""

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send a datagram; whether there was room for it."""
        if len(data) > LARGEST_DATAGRAM:
            raise ValueError(f"a datagram holds {LARGEST_DATAGRAM} bytes, not {len(data)}")
        try:
            self._end.send(framed(data, host, port))
        except BlockingIOError:
            return False
        except OSError as error:
            raise EngineError("the tunnel is closed") from error
        return True

    def receive(self, timeout: float | None = None) -> tuple[bytes, str, int]:
        """The next datagram, and whom it is from."""
        while True:
            self._wait(timeout)
            with contextlib.suppress(BlockingIOError):
                frame = self._end.recv(_LARGEST_FRAME)
                if not frame:
                    raise EngineError("the tunnel is closed")
                return unframed(frame)


class ListenerEnd(_End):
    """A listening port in a tunnel: `usernet.tunnel.way.Listener`."""

    def accept(self, timeout: float | None = None) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection, and whom it is from."""
        while True:
            self._wait(timeout)
            with contextlib.suppress(BlockingIOError):
                text, descriptors, _, _ = socket.recv_fds(self._end, 1024, 1)
                if not descriptors:
                    raise EngineError("the tunnel is closed")
                host, port = json.loads(text)
                connection = socket.socket(fileno=descriptors[0])
                connection.setblocking(True)
                return connection, (str(host), int(port))
