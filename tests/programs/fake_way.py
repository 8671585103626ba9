"""A way whose answers a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Self

from usernet.config.echo import EchoAnswer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import TracebackType

    from usernet.tunnel.way import Listener
    from usernet.wireguard.status import DeviceStatus

Answer = EchoAnswer | OSError
"""What a request gets; an error is raised."""


class FakeDatagrams:
    """A socket to which an answer comes for each datagram."""

    address = ("10.0.0.2", 4000)

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._came: list[tuple[bytes, str, int]] = []

    def fileno(self) -> int:
        return -1

    def send(self, data: bytes, host: str, port: int) -> bool:
        answer = self._answer(data)
        if answer is not None:
            self._came.append((answer, host, port))
        return True

    def receive(self, timeout: float | None = None) -> tuple[bytes, str, int]:
        del timeout
        if not self._came:
            raise TimeoutError("nothing came")
        return self._came.pop(0)

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is held."""


class FakeWay:
    """A way to one host."""

    def __init__(
        self,
        ping: Callable[[int, int], Answer] | None = None,
        names: Callable[[bytes], bytes | None] | None = None,
        connection: socket.socket | None = None,
    ) -> None:
        self.ports: list[int | None] = []
        self._ping = ping
        self._names = names
        self._connection = connection

    def ping(
        self,
        host: str,
        *,
        number: int = 1,
        size: int = 56,
        hop_limit: int = 64,
        port: int | None = None,
        timeout: float = 10.0,
    ) -> EchoAnswer:
        del host, size, timeout
        self.ports.append(port)
        assert self._ping is not None
        answer = self._ping(number, hop_limit)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def resolve(self, name: str, family: int = 0, *, timeout: float | None = None) -> list[str]:
        del family, timeout
        return [name]

    def datagrams(self, port: int = 0, host: str | None = None) -> FakeDatagrams:
        del port, host
        assert self._names is not None
        return FakeDatagrams(self._names)

    def dial(self, host: str, port: int, *, timeout: float | None = None) -> socket.socket:
        del host, port, timeout
        assert self._connection is not None
        return self._connection

    def follow(self, host: str, port: int, *, timeout: float | None = None) -> NoReturn:
        raise NotImplementedError

    def dial_for(
        self,
        client: socket.socket,
        host: str,
        port: int,
        *,
        greeting: bytes = b"",
        timeout: float | None = None,
    ) -> NoReturn:
        raise NotImplementedError

    def listen(self, port: int, host: str | None = None) -> Listener:
        raise NotImplementedError

    def handshake(self, timeout: float) -> None:
        """It stands."""

    def status(self) -> DeviceStatus:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def reply(seconds: float = 0.00025, hops: int = 62) -> EchoAnswer:
    return EchoAnswer("10.0.0.5", "10.0.0.5", 0, 0, seconds, hops)


def error(source: str, kind: int, code: int, seconds: float = 0.0001) -> EchoAnswer:
    return EchoAnswer("10.0.0.5", source, kind, code, seconds, 64)
