"""Ending: how a transport closes, what happens to what it has not sent yet, and whom it tells."""

from __future__ import annotations

import errno
import logging
from abc import abstractmethod
from asyncio import constants
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from usernet.net.flow_control import FlowControl

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["Ending", "network_stopped"]

_log = logging.getLogger("asyncio")

Waiting = TypeVar("Waiting")
Spoken = TypeVar("Spoken", bound="asyncio.BaseProtocol")


class Ending(FlowControl, Generic[Waiting, Spoken]):
    """A transport that keeps what its socket has no room for, and ends as asyncio's own do.

    `close` waits until what is kept has been sent; `abort` and errors do not. In both cases the
    protocol's ``connection_lost`` is called once, from the loop, never from the call itself.

    Args:
        loop: The loop whose callbacks run the protocol.
        context: The context in which they run.
    """

    _protocol: Spoken

    def __init__(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        super().__init__(None, loop)
        self._loop = loop
        self._context = context
        self._buffer: deque[Waiting] = deque()
        self._buffered: int = 0
        # From 1 on the end is certain; what is written then is counted, as in asyncio.
        self._conn_lost = 0
        self._closing = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who gets what comes."""
        return self._protocol

    def get_write_buffer_size(self) -> int:
        """Bytes that wait here, because the socket has no room."""
        return self._buffered

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._closing

    def close(self) -> None:
        """Close, after what was written has been sent."""
        if self._closing:
            return
        self._closing = True
        if not self._buffer:
            self._conn_lost += 1
            self._call_soon(self._call_connection_lost, None)

    def abort(self) -> None:
        """Close at once; what waits here is lost."""
        self._force_close(None)

    def _force_close(self, error: BaseException | None) -> None:
        if self._conn_lost:
            return
        self._forget_waiting()
        self._closing = True
        self._conn_lost += 1
        self._call_soon(self._call_connection_lost, error)

    @abstractmethod
    def _call_connection_lost(self, error: Exception | None) -> None:
        """Tell the protocol, and give the socket back."""

    def _forget_waiting(self) -> None:
        self._buffer.clear()
        self._buffered = 0

    def _written_after_loss(self) -> None:
        if self._conn_lost >= constants.LOG_THRESHOLD_FOR_CONNLOST_WRITES:
            _log.warning("socket.send() raised exception.")
        self._conn_lost += 1

    # ---- calling the protocol ----

    def _call_soon(self, function: Callable[..., object], *arguments: object) -> asyncio.Handle:
        return self._loop.call_soon(function, *arguments, context=self._context)

    def _done_soon(self, waiter: asyncio.Future[None] | None) -> None:
        """Have whoever waits for this transport go on, after what is called before."""
        if waiter is not None:
            self._call_soon(_done_unless_cancelled, waiter)

    def _report(self, error: BaseException, message: str) -> None:
        """Tell the loop's exception handler what the protocol raised."""
        self._loop.call_exception_handler(
            {
                "message": message,
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )


def network_stopped() -> ConnectionAbortedError:
    """What a transport is lost by when its network stops."""
    return ConnectionAbortedError(errno.ECONNABORTED, "the network has stopped")


def _done_unless_cancelled(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
