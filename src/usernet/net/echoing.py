"""Echoing: what a host finds out by ICMP echo requests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, cast

from usernet.net.address import unmapped

if TYPE_CHECKING:
    from usernet.config.echo import EchoAnswer
    from usernet.net.host import Host
    from usernet.net.ping import PingResult

__all__ = ["Echoing"]


class Echoing:
    """A host, as far as it sends echo requests."""

    async def ping(
        self,
        target: str,
        *,
        count: int = 1,
        size: int = 56,
        interval: float = 1.0,
        timeout: float = 10.0,  # noqa: ASYNC109 - as the program ping has it
    ) -> PingResult:
        """Send ICMP echo requests, and wait for the replies.

        Args:
            target: A name of the network, or a numeric address.
            count: How many.
            size: How many bytes each carries.
            interval: Seconds from one to the next.
            timeout: For how many seconds to wait for each reply.

        Raises:
            OSError: There is no route.
            gaierror: The name is unknown.
        """
        from usernet.net.ping import ping  # noqa: PLC0415 - start-up time

        address = await self._address(target)
        return await ping(
            self._host, address, count=count, size=size, interval=interval, timeout=timeout
        )

    async def probe(
        self,
        target: str,
        *,
        number: int = 1,
        size: int = 56,
        hop_limit: int = 64,
        port: int | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109 - as the program ping has it
    ) -> EchoAnswer:
        """Send one ICMP echo request, or datagram, with a hop limit: traceroute is some of them.

        Args:
            target: A name of the network, or a numeric address.
            number: The sequence number of the request.
            size: How many bytes it carries.
            hop_limit: How many hosts on the way may take it, the last one included.
            port: A UDP port: a datagram goes there in place of an echo request.
            timeout: For how many seconds to wait for an answer.

        Returns:
            The reply, or what a router on the way says.

        Raises:
            TimeoutError: Nothing came back.
            OSError: There is no route.
            gaierror: The name is unknown.
        """
        from usernet.net.probe import probe  # noqa: PLC0415 - start-up time

        address = await self._address(target)
        return await probe(
            self._host,
            address,
            number=number,
            size=size,
            hop_limit=hop_limit,
            port=port,
            timeout=timeout,
        )

    async def _address(self, target: str) -> str:
        infos = await self._host.getaddrinfo(target, None, type=socket.SOCK_STREAM)
        return unmapped(infos[0][4][0])

    @property
    def _host(self) -> Host:
        return cast("Host", self)
