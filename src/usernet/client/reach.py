"""Reach: how a running line is reached, and what is said where it is not."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["STREAM", "Reach", "reaching"]

_TIMEOUT = 10.0
STREAM = httpx.Timeout(_TIMEOUT, read=60.0)
"""Of events: something comes each 15 seconds, were it only to say that nothing did."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a line is.

    Attributes:
        url: Of the page and the API.
        token: What it asks for; none where None.
        socket: The socket file to go by, instead of the address in the URL.
        timeout: Seconds that an answer may take.
    """

    url: str = "http://usernet"
    token: str | None = field(default=None, repr=False)
    socket: Path | None = None
    timeout: float = _TIMEOUT

    def asynchronous(self) -> httpx.AsyncClient:
        """A client for asyncio."""
        path = str(self.socket) if self.socket else None
        return httpx.AsyncClient(
            base_url=self.url.rstrip("/") + "/api/v1",
            headers=self._headers(),
            timeout=self.timeout,
            transport=httpx.AsyncHTTPTransport(uds=path),
        )

    def blocking(self) -> httpx.Client:
        """A client that waits."""
        path = str(self.socket) if self.socket else None
        return httpx.Client(
            base_url=self.url.rstrip("/") + "/api/v1",
            headers=self._headers(),
            timeout=self.timeout,
            transport=httpx.HTTPTransport(uds=path),
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@contextmanager
def reaching(reach: Reach) -> Generator[None]:
    """Inside, what httpx says of the network is said as the system says it."""
    place = str(reach.socket or reach.url)
    try:
        yield
    except httpx.TimeoutException:
        raise TimeoutError(errno.ETIMEDOUT, "timed out", place) from None
    except httpx.ConnectError as error:
        raise ConnectionRefusedError(errno.ECONNREFUSED, str(error), place) from None
    except httpx.TransportError as error:
        raise ConnectionResetError(errno.ECONNRESET, str(error), place) from None
