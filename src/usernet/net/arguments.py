"""Arguments of a host's calls: asyncio's keywords, and the socket options beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from usernet.net.tls import Tls

if TYPE_CHECKING:
    import ssl as tls_module
    from collections.abc import Mapping

    from usernet.config.socket_options import SocketOptionKeys
    from usernet.net.socket import Socket

__all__ = [
    "ConnectionKeys",
    "ServerKeys",
    "client_tls",
    "core_options",
    "server_tls",
]


class ConnectionKeys(TypedDict, total=False):
    """Keywords of ``create_connection``, with asyncio's meaning but for the last."""

    ssl: tls_module.SSLContext | bool | None
    family: int
    proto: int
    flags: int
    sock: Socket | None
    local_addr: tuple[str, int] | None
    server_hostname: str | None
    ssl_handshake_timeout: float | None
    ssl_shutdown_timeout: float | None
    happy_eyeballs_delay: float | None
    interleave: int | None
    all_errors: bool
    options: SocketOptionKeys | None
    """Options of the connection; those of the host where they are left out."""


class ServerKeys(TypedDict, total=False):
    """Keywords of ``create_server``, with asyncio's meaning but for the last."""

    family: int
    flags: int
    sock: Socket | None
    backlog: int
    ssl: tls_module.SSLContext | None
    reuse_address: bool | None
    reuse_port: bool | None
    keep_alive: bool | None
    ssl_handshake_timeout: float | None
    ssl_shutdown_timeout: float | None
    start_serving: bool
    options: SocketOptionKeys | None
    """Options of the connections; those of the host where they are left out."""


def core_options(keys: SocketOptionKeys | None) -> Mapping[str, object]:
    """These options, and no others, as the core reads them.

    Raises:
        ConfigError: A key is unknown, or a value wrong.
    """
    if not keys:
        return {}
    from usernet.config.socket_options import SocketOptions  # noqa: PLC0415 - seldom needed

    known = SocketOptions.of(keys).to_core()
    return {name: known[name] for name in keys}


def client_tls(host: str | None, keys: ConnectionKeys) -> Tls | None:
    """How a client is to speak TLS; None where it is not.

    Raises:
        ValueError: The keywords contradict each other.
    """
    context = keys.get("ssl")
    name = keys.get("server_hostname")
    timeouts = _timeouts(keys)
    if not context:
        if name is not None:
            raise ValueError("server_hostname is only meaningful with ssl")
        _without_tls(timeouts)
        return None
    if name is None and not host:
        raise ValueError("You must set server_hostname when using ssl without a host")
    return Tls(context, timeouts, server_hostname=host if name is None else name)


def server_tls(keys: ServerKeys) -> Tls | None:
    """How a server is to speak TLS; None where it is not.

    Raises:
        TypeError: ``ssl`` is no context.
        ValueError: The keywords contradict each other.
    """
    context = keys.get("ssl")
    if isinstance(context, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("ssl argument must be an SSLContext or None")
    timeouts = _timeouts(keys)
    if context is None:
        _without_tls(timeouts)
        return None
    return Tls(context, timeouts, server_side=True)


_Timeouts = tuple["float | None", "float | None"]


def _timeouts(keys: ConnectionKeys | ServerKeys) -> _Timeouts:
    return keys.get("ssl_handshake_timeout"), keys.get("ssl_shutdown_timeout")


def _without_tls(timeouts: _Timeouts) -> None:
    for name, value in zip(
        ("ssl_handshake_timeout", "ssl_shutdown_timeout"), timeouts, strict=True
    ):
        if value is not None:
            raise ValueError(f"{name} is only meaningful with ssl")
