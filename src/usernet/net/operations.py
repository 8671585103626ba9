"""Operations on sockets that wait: a loop's ``sock_connect``, ``sock_recv`` and so on."""

from __future__ import annotations

import asyncio
import socket as system
from typing import TYPE_CHECKING, TypeVar

from usernet.errors import EscapeError
from usernet.net.current import current_host
from usernet.net.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from typing_extensions import Buffer

    from usernet.net.address import SocketAddress

__all__ = [
    "accept",
    "connect",
    "receive",
    "receive_from",
    "receive_from_into",
    "receive_into",
    "send_all",
    "send_file",
    "send_to",
    "virtual",
]

_Result = TypeVar("_Result")


def virtual(socket: object) -> Socket:
    """The socket itself, if it is one of a simulated host.

    Raises:
        EscapeError: It is the operating system's.
        NoHostError: It is, because no host is current.
    """
    if isinstance(socket, Socket):
        return socket
    current_host()
    raise EscapeError(
        f"{socket!r} is a socket of the operating system, which knows nothing of the simulated"
        " network: make it while the loop runs (socket.socket is a virtual one then), or let the"
        " library connect by itself"
    )


async def connect(socket: Socket, address: object) -> None:
    """Connect; returns when the connection stands."""
    loop = asyncio.get_running_loop()
    resolved = socket.host.resolved(address, socket.family)
    try:
        socket.connect(resolved)
    except BlockingIOError:
        await socket.ready.wait(loop, write=True)
        number = socket.take_error()
        if number:
            raise OSError(number, f"Connect call failed {address}") from None


async def accept(socket: Socket) -> tuple[Socket, SocketAddress]:
    """Take the next connection."""
    connection, address = await _reading(socket, socket.accept)
    connection.setblocking(False)
    return connection, address


async def receive(socket: Socket, size: int) -> bytes:
    """Receive up to that many bytes."""
    return await _reading(socket, lambda: socket.recv(size))


async def receive_into(socket: Socket, buffer: Buffer) -> int:
    """Receive into a buffer."""
    return await _reading(socket, lambda: socket.recv_into(buffer))


async def receive_from(socket: Socket, size: int) -> tuple[bytes, SocketAddress | None]:
    """Receive a datagram."""
    return await _reading(socket, lambda: socket.recvfrom(size))


async def receive_from_into(
    socket: Socket, buffer: Buffer, size: int
) -> tuple[int, SocketAddress | None]:
    """Receive a datagram into a buffer."""
    return await _reading(socket, lambda: socket.recvfrom_into(buffer, size))


async def send_all(socket: Socket, data: Buffer) -> None:
    """Send all of it."""
    view = memoryview(data).cast("B")
    while view:
        rest = view
        view = view[await _writing(socket, lambda rest=rest: socket.send(rest)) :]  # type: ignore[misc]


async def send_to(socket: Socket, data: Buffer, address: object) -> int:
    """Send a datagram."""
    return await _writing(socket, lambda: socket.sendto(data, address))


async def send_file(
    socket: Socket, file: BinaryIO, offset: int = 0, count: int | None = None
) -> int:
    """Send a file, or a part of it; returns how many bytes."""
    if socket.type != system.SOCK_STREAM:
        raise ValueError("only SOCK_STREAM type sockets are supported")
    file.seek(offset)
    sent = 0
    while count is None or sent < count:
        piece = file.read(_PIECE if count is None else min(_PIECE, count - sent))
        if not piece:
            break
        await send_all(socket, piece)
        sent += len(piece)
    file.seek(offset + sent)
    return sent


_PIECE = 256 * 1024


async def _reading(socket: Socket, attempt: Callable[[], _Result]) -> _Result:
    loop = asyncio.get_running_loop()
    while True:
        try:
            return attempt()
        except BlockingIOError:
            await socket.ready.wait(loop, write=False)


async def _writing(socket: Socket, attempt: Callable[[], _Result]) -> _Result:
    loop = asyncio.get_running_loop()
    while True:
        try:
            return attempt()
        except BlockingIOError:
            await socket.ready.wait(loop, write=True)
