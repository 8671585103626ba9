"""Splice: a connection of a host joined to a stream socket of the operating system.

Python dials and decides, the engine carries: bytes go both ways without Python, with
back-pressure, half-close and resets. In virtual time there is no such thing, for the operating
system's sockets know nothing of its clock.
"""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from usernet.net.bridge import GONE, OVER

if TYPE_CHECKING:
    import socket as system
    from types import TracebackType

    from usernet.net.address import SocketAddress
    from usernet.net.socket import Socket

__all__ = ["Dialled", "Spliced", "splice"]


@dataclass(frozen=True, slots=True)
class Spliced:
    """What became of a splice.

    Attributes:
        up: Bytes from the operating system's socket into the connection.
        down: Bytes the other way.
        end: ``closed``, where both sides have finished; ``reset``, where one gave up;
            ``timed out``, where the peer fell silent; ``unreachable``, where no way leads to it.
    """

    up: int
    down: int
    end: str


async def splice(socket: Socket, system: system.socket) -> Spliced:
    """Have the engine carry bytes between a connection and a stream socket until it is over.

    Both are closed in the end, and when this is cancelled both are reset. A socket of the unix
    family cannot be: its peer reads an end, and only ``end`` says that it was none.

    Args:
        socket: A connected TCP socket of a host.
        system: A connected TCP or unix stream socket of the operating system; bytes that wait on
            either are carried first. It never blocks from now on.

    Raises:
        EscapeError: Time is virtual.
        OSError: ``system`` is no connected stream socket, or ``socket`` is gone.
    """
    core, bridge = socket.hand_over(), socket.host.network.bridge
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_events(flags: int) -> None:
        if flags & (OVER | GONE) and not over.done():
            over.set_result(flags)

    bridge.watch(core.key, contextvars.copy_context(), on_events)
    try:
        core.splice(system.fileno())
        system.close()
        bridge.soon()
        if await over & GONE:
            core.abort()
    except BaseException:
        core.abort()
        raise
    finally:
        bridge.forget(core.key)
        system.close()
        socket.close()
    return Spliced(*core.spliced())


class Dialled:
    """A connection of a host that stands, before it is decided who uses it.

    Args:
        socket: The connection.
    """

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def __repr__(self) -> str:
        return f"<Dialled {self._socket!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def remote(self) -> SocketAddress:
        """The peer's address."""
        return self._socket.getpeername()

    @property
    def local(self) -> SocketAddress:
        """The host's own address."""
        return self._socket.getsockname()

    async def splice(self, system: system.socket) -> Spliced:
        """As `splice`, which closes both in the end."""
        return await splice(self._socket, system)

    def close(self) -> None:
        """Close it; nothing happens where it is spliced, or was."""
        self._socket.close()
