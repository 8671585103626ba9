"""``usernet nc``: one connection through a tunnel, by standard input and output.

Made for ssh's ProxyCommand: standard output carries the stream and nothing else. What is imported
before the connection stands is counted, for each connection starts this program anew.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from usernet.errors import ConfigError, HandshakeError
from usernet.programs.quick import Quick
from usernet.programs.tunnel_options import SHORT, TunnelOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.tunnel.way import Way

__all__ = ["QUICK", "nc"]

_T = TypeVar("_T")

_LARGEST_PORT = 65535
_MILLISECONDS = 1e3


def nc(
    host: str,
    port: int,
    /,
    *,
    tunnel: TunnelOptions | None = None,
    udp: bool = False,
    pass_descriptor: bool = False,
) -> int:
    """Connect standard input and output to a port in a tunnel.

    For example: `ssh -o ProxyCommand='usernet nc --wireguard wg0.conf %h %p' user@host`.

    Each end of the stream is passed on: the end of standard input is the end for the other side,
    and the other way round. The exit code says what failed: no handshake 10, an unknown name 11,
    refused 12, unreachable 13, timed out 14, reset 15.

    Args:
        host: A name, which is looked up in the tunnel, or an address.
        port: The port.
        tunnel: Which tunnel, and how to enter it.
        udp: Datagrams: one for each read of standard input.
        pass_descriptor: Pass the connection on standard output, as ssh's ProxyUseFdpass wants it.
    """
    if not 0 < port <= _LARGEST_PORT:
        raise ConfigError("no port", path="port", value=port, allowed=f"1 to {_LARGEST_PORT}")
    tunnel = tunnel or TunnelOptions()
    _leave_quietly()
    with tunnel.enter() as way:
        if udp:
            from usernet.programs import nc_datagrams  # noqa: PLC0415 - start-up time

            return nc_datagrams.exchange(way, host, port, tunnel.seconds)
        if pass_descriptor:
            _pass(_connected(way.dial, way, (host, port), tunnel), tunnel)
            return 0
        followed = _connected(way.follow, way, (host, port), tunnel)
        from usernet.programs import pump  # noqa: PLC0415 - the connection stands already

        return pump.to_the_end(followed, (host, port), tunnel.say)


def _leave_quietly() -> None:
    """Who is told to go goes, and says nothing."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, leave)


def _connected(
    dial: Callable[..., _T], way: Way, whom: tuple[str, int], tunnel: TunnelOptions
) -> _T:
    """The connection; a person who wants to know is told stage by stage.

    Raises:
        OSError: Nobody is reached (docs/errors.md).
    """
    began, until = monotonic(), monotonic() + tunnel.seconds
    host, port = whom
    goal = host
    if tunnel.verbose:
        tunnel.say(f"{' and '.join(tunnel.wireguard)}: waiting for a handshake")
        try:
            way.handshake(round(tunnel.seconds / 3, 1))
            tunnel.say(f"handshake done, {_since(began)}")
        except HandshakeError as error:  # another peer may do
            tunnel.say(str(error))
        goal = way.resolve(host, timeout=until - monotonic())[0]
        tunnel.say(
            f"{host} is {goal}, {_since(began)}" if goal != host else f"connecting to {goal}"
        )
    connection = dial(goal, port, timeout=round(until - monotonic(), 1))
    tunnel.say(f"connected to {goal} port {port}, {_since(began)}")
    return connection


def _since(began: float) -> str:
    return f"{(monotonic() - began) * _MILLISECONDS:.0f} ms"


def _pass(stream: socket.socket, tunnel: TunnelOptions) -> None:
    """Pass the connection to whoever has the other end of standard output (ssh_config(5)).

    Raises:
        ConfigError: There is nobody who could take it, or keep it.
    """
    if tunnel.no_agent:
        allowed = "without --no-agent: this process would have to stay"
        raise ConfigError("nobody keeps the connection", path="pass-descriptor", allowed=allowed)
    try:
        with socket.socket(fileno=os.dup(sys.stdout.fileno())) as output:
            socket.send_fds(output, [b"\0"], [stream.fileno()])
    except OSError:
        allowed = "a unix socket, as ssh -o ProxyUseFdpass=yes makes it"
        problem = "standard output takes no descriptor"
        raise ConfigError(problem, path="pass-descriptor", allowed=allowed) from None


QUICK = Quick(nc, {"tunnel": TunnelOptions}, {**SHORT, "udp": "-u", "pass_descriptor": "-F"})
"""The verb, to be read at once."""
