"""Ping: ICMP echo requests, and how long their replies took."""

from __future__ import annotations

import asyncio
import contextvars
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.net.bridge import GONE

if TYPE_CHECKING:
    from usernet.net.border import CoreSocket
    from usernet.net.host import Host

__all__ = ["PingResult", "ping"]


@dataclass(frozen=True, slots=True)
class PingResult:
    """What came of a ping.

    Attributes:
        address: Who was asked.
        sent: How many requests were sent.
        rtts: The round-trip time of each reply, in seconds, in the order of their requests.
    """

    address: str
    sent: int
    rtts: tuple[float, ...]

    @property
    def received(self) -> int:
        """How many replies came."""
        return len(self.rtts)

    @property
    def lost(self) -> int:
        """How many did not."""
        return self.sent - self.received

    @property
    def rtt(self) -> float:
        """The mean round-trip time, in seconds.

        Raises:
            TimeoutError: No reply came.
        """
        if not self.rtts:
            raise TimeoutError(f"{self.address} did not answer {self.sent} echo request(s)")
        return sum(self.rtts) / len(self.rtts)


async def ping(
    host: Host,
    address: str,
    *,
    count: int,
    size: int,
    interval: float,
    timeout: float,  # noqa: ASYNC109
) -> PingResult:
    """Send that many requests, and wait for their replies.

    Raises:
        OSError: There is no route.
    """
    socket = host.network.engine.echo(host.name, "{}")
    try:
        asked = _Asked(host, socket)
        async with asyncio.TaskGroup() as group:
            replies: list[asyncio.Task[float | None]] = []
            for number in range(count):
                if number:
                    await asyncio.sleep(interval)
                asked.send(address, number, size)
                replies.append(group.create_task(asked.reply(number, timeout)))
        rtts = tuple(rtt for reply in replies if (rtt := reply.result()) is not None)
    finally:
        host.network.bridge.forget(socket.key)
        socket.close()
    return PingResult(address, count, rtts)


class _Asked:
    """Requests under way."""

    def __init__(self, host: Host, socket: CoreSocket) -> None:
        self._loop = asyncio.get_running_loop()
        self._host, self._socket = host, socket
        self._sent_at: dict[int, int] = {}
        self._replies: dict[int, asyncio.Future[float]] = {}
        context = contextvars.copy_context()
        host.network.bridge.watch(socket.key, context, self._on_events)

    def send(self, address: str, number: int, size: int) -> None:
        self._replies[number] = self._loop.create_future()
        self._sent_at[number] = self._host.network.engine.now()
        self._socket.send_to(bytes(size), (address, number))
        self._host.network.bridge.soon()

    async def reply(self, number: int, timeout: float) -> float | None:  # noqa: ASYNC109  # noqa: ASYNC109
        try:
            return await asyncio.wait_for(self._replies[number], timeout)
        except TimeoutError:
            return None

    def _on_events(self, flags: int) -> None:
        while not flags & GONE:
            try:
                got = self._socket.receive_from()
            except OSError as error:
                if error.errno == errno.EBADF:
                    return
                continue
            if got is None:
                return
            self._take(got[1][1])

    def _take(self, number: int) -> None:
        reply = self._replies.get(number)
        if reply is not None and not reply.done():
            took = self._host.network.engine.now() - self._sent_at[number]
            reply.set_result(took / 1_000_000_000)
