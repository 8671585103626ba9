"""AgentWay: a tunnel that an agent holds, as a way; the agent is started when it is first needed.

Whoever starts an agent makes its socket first, under a lock, and connects to it as all others do:
so there is nobody to wait for, two commands at once start one agent, and what an agent has left
behind that was killed is replaced. Little is imported: commands start with this.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from typing import TYPE_CHECKING, Self, cast

from usernet.errors import EngineError
from usernet.tunnel import agent_folder
from usernet.tunnel.agent_messages import check_peer, error_from, read_line, write_line
from usernet.tunnel.followed import GRACE, Followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from usernet.config.echo import EchoAnswer
    from usernet.tunnel.choice import WayOptions
    from usernet.tunnel.ends import DatagramsEnd, ListenerEnd
    from usernet.wireguard.status import DeviceStatus

__all__ = ["AgentWay", "running"]

_TRIES = 3
"""How often an agent is asked that leaves, or dies, before it answers."""
_BACKLOG = 128
_GRACE = 2.0
"""Seconds that an agent gets beyond the time-out, to say itself what it was that took so long."""


class AgentWay:
    """A tunnel that an agent holds: `usernet.tunnel.way.Way`.

    Args:
        options: Which tunnel.
        warn: Told what is no error and ought to be known.
    """

    def __init__(self, options: WayOptions, *, warn: Callable[[str], None]) -> None:
        self._options = options
        self._warn = warn
        self._held: socket.socket | None = None
        self._closed = False

    # ---- what a way does ----

    def dial(self, host: str, port: int, *, timeout: float | None = None) -> socket.socket:
        """As `Way.dial`."""
        connection, _, _ = self._ask(
            {"verb": "dial", "host": host, "port": port, "timeout": timeout}, timeout=timeout
        )
        return connection

    def follow(self, host: str, port: int, *, timeout: float | None = None) -> Followed:
        """As `Way.follow`."""
        message = {"verb": "dial", "host": host, "port": port, "timeout": timeout}
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                connection, _, _ = self._ask(message, [theirs.fileno()], timeout)
        except BaseException:
            ours.close()
            raise
        return Followed(ours, lambda: _end_of(connection))

    def dial_for(
        self,
        client: socket.socket,
        host: str,
        port: int,
        *,
        greeting: bytes = b"",
        timeout: float | None = None,
    ) -> None:
        """As `Way.dial_for`."""
        message = {
            "verb": "dial",
            "host": host,
            "port": port,
            "greeting": greeting.decode("latin-1"),
            "timeout": timeout,
        }
        connection, _, _ = self._ask(message, [client.fileno()], timeout)
        connection.close()
        client.close()
        self._hold()

    def resolve(self, name: str, family: int = 0, *, timeout: float | None = None) -> list[str]:
        """As `Way.resolve`."""
        message = {"verb": "resolve", "name": name, "family": int(family), "timeout": timeout}
        return [
            str(one) for one in cast("list[object]", self._answer(message, timeout)["addresses"])
        ]

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
        """As `Way.ping`."""
        from usernet.config.echo import EchoAnswer  # noqa: PLC0415 - start-up time

        message = {
            "verb": "ping",
            "host": host,
            "number": number,
            "size": size,
            "hop_limit": hop_limit,
            "port": port,
            "timeout": timeout,
        }
        answer = EchoAnswer.from_json(self._answer(message, timeout))
        self._hold()
        return answer

    def listen(self, port: int, host: str | None = None) -> ListenerEnd:
        """As `Way.listen`."""
        from usernet.tunnel.ends import ListenerEnd  # noqa: PLC0415 - start-up time

        return ListenerEnd(*self._end({"verb": "listen", "port": port, "host": host}))

    def datagrams(self, port: int = 0, host: str | None = None) -> DatagramsEnd:
        """As `Way.datagrams`."""
        from usernet.tunnel.ends import DatagramsEnd  # noqa: PLC0415 - start-up time

        return DatagramsEnd(*self._end({"verb": "datagrams", "port": port, "host": host}))

    def handshake(self, timeout: float) -> None:
        """As `Way.handshake`."""
        self._answer({"verb": "handshake", "timeout": timeout}, timeout)

    def status(self) -> DeviceStatus:
        """As `Way.status`."""
        from usernet.wireguard.status import DeviceStatus  # noqa: PLC0415 - start-up time

        return DeviceStatus.from_json(self._answer({"verb": "status"}))

    def stop(self) -> None:
        """Have the agent leave, if there is one, and with it all that goes through the tunnel."""
        self.close()
        connection = _connected(agent_folder.socket_path(agent_folder.identity(self._options)))
        if connection is not None:
            with connection, contextlib.suppress(EOFError, ConnectionError):
                _exchange(connection, {"verb": "stop"}, (), None)

    def close(self) -> None:
        """Let go of the agent, which goes on for others. Safe to call twice."""
        self._closed = True
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ---- asking ----

    def _answer(
        self, message: Mapping[str, object], timeout: float | None = None
    ) -> Mapping[str, object]:
        connection, answer, _ = self._ask(message, timeout=timeout)
        connection.close()
        return answer

    def _end(self, message: Mapping[str, object]) -> tuple[socket.socket, tuple[str, int]]:
        connection, answer, descriptors = self._ask(message)
        connection.close()
        host, port = cast("tuple[str, int]", answer["address"])
        return socket.socket(fileno=descriptors[0]), (host, port)

    def _hold(self) -> None:
        """Keep the agent while this way is open, for it is used more than once."""
        if self._held is None and not self._closed:
            self._held, _, _ = self._ask({"verb": "hold"})

    def _ask(
        self,
        message: Mapping[str, object],
        descriptors: Sequence[int] = (),
        timeout: float | None = None,
    ) -> tuple[socket.socket, Mapping[str, object], list[int]]:
        """Ask the agent, which is started where none runs; and again one that has just left."""
        if self._closed:
            raise EngineError("the way is closed")
        patience = None if timeout is None else timeout + _GRACE
        for _ in range(_TRIES):
            connection = self._connect()
            try:
                return connection, *_exchange(connection, message, descriptors, patience)
            except (EOFError, ConnectionResetError, BrokenPipeError):
                connection.close()
            except _SilentError:
                connection.close()
                raise _too_late(message) from None
            except BaseException:
                connection.close()
                raise
        log = agent_folder.log_path(agent_folder.identity(self._options))
        raise EngineError(f"the agent ends before it answers: {log} may say why; or use --no-agent")

    def _connect(self) -> socket.socket:
        path = agent_folder.socket_path(agent_folder.identity(self._options))
        found = _connected(path)
        if found is not None:
            return found
        with agent_folder.locked(path):
            found = _connected(path)
            if found is not None:
                return found
            self._check_files()
            listening = agent_folder.listening(path, _BACKLOG)
            try:
                connection = _connected(path)
                _start(listening, path, self._options)
            finally:
                listening.close()
        if connection is None:
            raise EngineError(f"nobody can connect to {path}")
        return connection

    def _check_files(self) -> None:
        """Say that others can read the keys: the agent has nobody to tell it to."""
        for path in self._options.files:
            if os.stat(path).st_mode & 0o077:
                self._warn(f"{path}: others can read its keys: chmod 600 {path}")


def _end_of(connection: socket.socket) -> str:
    """How a connection ended, as the agent says; where it is gone, so is what it carried."""
    with connection:
        connection.settimeout(GRACE)
        try:
            answer, _ = read_line(connection)
        except TimeoutError:
            return "closed"
        except (EOFError, ConnectionError):
            return "reset"
    return str(cast("Mapping[str, object]", answer["ok"])["end"])


def running(patience: float = 2 * _GRACE) -> Iterator[tuple[str, DeviceStatus]]:
    """The agents of this user that answer: the path of each one's socket, and its status.

    Args:
        patience: Seconds that each gets to do so.

    Raises:
        AuthenticationError: The folder of their sockets is not this user's alone.
    """
    from usernet.wireguard.status import DeviceStatus  # noqa: PLC0415 - start-up time

    for path in agent_folder.sockets():
        connection = _connected(path)
        if connection is None:
            agent_folder.forget(path)
            continue
        with connection:
            try:
                answer, _ = _exchange(connection, {"verb": "status"}, (), patience)
            except (OSError, EOFError, EngineError, _SilentError):
                continue
        yield path, DeviceStatus.from_json(answer)


class _SilentError(Exception):
    """An agent that says nothing, although its time is over."""


def _too_late(message: Mapping[str, object]) -> OSError:
    host, port = message.get("host", message.get("name", "the agent")), message.get("port")
    about = str(host) if port is None else f"{host}:{port}"
    return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), about)


def _exchange(
    connection: socket.socket,
    message: Mapping[str, object],
    descriptors: Sequence[int],
    timeout: float | None,
) -> tuple[Mapping[str, object], list[int]]:
    connection.settimeout(timeout)
    try:
        write_line(connection, message, descriptors)
        answer, given = read_line(connection)
    except TimeoutError:
        raise _SilentError from None
    connection.settimeout(None)
    if "error" in answer:
        raise error_from(cast("Mapping[str, object]", answer["error"]))
    return cast("Mapping[str, object]", answer["ok"]), given


def _connected(path: str) -> socket.socket | None:
    """A connection to an agent of this user; None where none listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
        check_peer(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _start(listening: socket.socket, path: str, options: WayOptions) -> None:
    """Start an agent: a process of its own session, whose parent is nobody of ours."""
    if _has_threads():
        _start_anew(listening, path, options)
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        from usernet.tunnel.agent import main  # noqa: PLC0415 - in the agent alone

        main(listening.detach(), path, options)
    except BaseException:
        import traceback  # noqa: PLC0415 - in the agent alone

        traceback.print_exc()
    finally:
        os._exit(0)


def _has_threads() -> bool:
    """Whether there may be other threads: Python's, or an engine's."""
    known = sys.modules.get("threading")
    return "usernet._core" in sys.modules or (known is not None and known.active_count() > 1)


def _start_anew(listening: socket.socket, path: str, options: WayOptions) -> None:
    """As `_start`, by a new interpreter: locks of other threads would stay locked in a fork."""
    import json  # noqa: PLC0415 - start-up time
    import subprocess  # noqa: PLC0415 - start-up time

    said = json.dumps([options.files, dict(options.line), options.split, options.idle], default=str)
    starter = subprocess.run(
        [sys.executable, "-m", "usernet.tunnel.agent", str(listening.fileno()), path, said],
        pass_fds=[listening.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    if starter.returncode:
        raise EngineError(f"the agent does not start: exit code {starter.returncode}")
