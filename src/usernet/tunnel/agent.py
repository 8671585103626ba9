"""Agent: one process that holds a tunnel for all commands that want the same.

A command starts it (`usernet.tunnel.agent_client`) and hands it a socket that listens already. It
reads the files itself, does what it is asked (`usernet.tunnel.agent_messages`), and leaves when
nobody has used it for a while: under the lock by which agents begin, so that nobody connects to one
that is leaving. What it has to say goes to a log beside its socket, which only its user can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, cast

from usernet.errors import EngineError, UsernetError
from usernet.tunnel import agent_folder, agent_messages
from usernet.tunnel.choice import WayOptions
from usernet.tunnel.holding import tunnel
from usernet.tunnel.pipes import DatagramPipe, ListenerPipe, greet

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from usernet.net.splice import Dialled
    from usernet.tunnel.tunnel import Tunnel

__all__ = ["main"]

_log = logging.getLogger("usernet.agent")
_REQUEST_SECONDS = 10.0
"""How long somebody may take to begin to say what he wants."""
_LINE_SECONDS = 1.0
"""How long it may take to come whole: it is sent at once."""
_MOST_CLIENTS = 10_000
"""How many may be served at once; more are refused."""


def main(listening: int, path: str, options: WayOptions) -> None:
    """Be the agent, in a process of its own that nobody waits for.

    Args:
        listening: The descriptor of the socket that listens.
        path: Where that socket is.
        options: Which tunnel.
    """
    own = os.dup(listening)
    log = path.removesuffix(".sock") + ".log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard, source in ((0, nothing), (1, descriptor), (2, descriptor)):
        os.dup2(source, standard)
    os.dup2(own, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.INFO)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with socket.socket(fileno=3) as server:
        server.setblocking(False)
        asyncio.run(Agent(server, path, options).run())


class Agent:
    """An agent.

    Args:
        server: The socket that listens.
        path: Where it is.
        options: Which tunnel.
    """

    def __init__(self, server: socket.socket, path: str, options: WayOptions) -> None:
        self._server = server
        self._path = path
        self._options = options
        self._place = _place_of(path)
        self._clients: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Hold the tunnel, until it is time to leave."""
        self._left = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._left.set)
        try:
            made = tunnel(self._options, _log.warning)
            os.chdir("/")
            async with made:
                await self._serve(made)
        except (UsernetError, OSError) as error:
            _log.error("%s", error)
            await self._refuse(error)
        finally:
            self._vanish()

    async def _serve(self, made: Tunnel) -> None:
        loop = asyncio.get_running_loop()
        self._tunnel = made
        accepting = loop.create_task(self._accept())
        self._rest()
        try:
            await self._left.wait()
        finally:
            accepting.cancel()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(accepting, *self._clients, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._server)
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        if len(self._clients) >= _MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        client = asyncio.get_running_loop().create_task(self._client(connection))
        self._clients.add(client)
        client.add_done_callback(self._end)
        if self._idle is not None:
            self._idle.cancel()

    def _end(self, client: asyncio.Task[None]) -> None:
        self._clients.discard(client)
        if not client.cancelled() and (error := client.exception()) is not None:
            _log.error("a command was not served", exc_info=error)
        if not self._clients:
            self._rest()

    # ---- leaving ----

    def _rest(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._options.idle, self._leave)

    def _leave(self) -> None:
        """Leave, unless somebody has come meanwhile; who comes later finds no socket."""
        try:
            with agent_folder.locked(self._path):
                connection = self._waiting()
                if connection is None and not self._clients:
                    self._vanish()
                    self._left.set()
        except OSError:  # the folder is gone, as after a logout: nobody finds the way here
            self._left.set()
            return
        if connection is not None:
            self._begin(connection)

    def _waiting(self) -> socket.socket | None:
        """Somebody who has come."""
        try:
            connection, _ = self._server.accept()
        except BlockingIOError:
            return None
        return connection

    def _vanish(self) -> None:
        """Remove the socket, if it is still this agent's, and a log that says nothing."""
        if _place_of(self._path) != self._place:
            return
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        log = self._path.removesuffix(".sock") + ".log"
        with contextlib.suppress(OSError):
            if os.path.getsize(log) == 0:
                os.unlink(log)

    async def _refuse(self, error: Exception) -> None:
        """Tell all who wait why there is no tunnel."""
        loop = asyncio.get_running_loop()
        with agent_folder.locked(self._path):
            self._vanish()
            waiting = list[socket.socket]()
            with contextlib.suppress(BlockingIOError):
                while True:
                    waiting.append(self._server.accept()[0])
        for connection in waiting:
            connection.setblocking(False)
            with connection, contextlib.suppress(OSError, EOFError, ValueError, TimeoutError):
                await _request(loop, connection)
                _reply(connection, {"error": agent_messages.error_of(error)})

    # ---- serving ----

    async def _client(self, connection: socket.socket) -> None:
        with connection:
            try:
                agent_messages.check_peer(connection)
                message, descriptors = await _request(asyncio.get_running_loop(), connection)
            except (EOFError, ValueError, OSError):  # nobody of ours, or nobody any more
                return
            try:
                await self._do(message, connection, descriptors)
            except (OSError, UsernetError, KeyError, TypeError, ValueError) as error:
                with contextlib.suppress(OSError):
                    _reply(connection, {"error": agent_messages.error_of(error)})
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    async def _do(
        self, message: Mapping[str, object], connection: socket.socket, descriptors: list[int]
    ) -> None:
        """What a message asks for; returns when it is over."""
        verb = message.get("verb")
        if verb == "dial":
            await self._dial(message, connection, descriptors)
        elif verb == "listen":
            listener = ListenerPipe(self._tunnel, _port(message), _text(message, "host"))
            await _hand_out(listener, connection)
        elif verb == "datagrams":
            host = _text(message, "host")
            await _hand_out(await DatagramPipe.open(self._tunnel, _port(message), host), connection)
        elif verb == "hold":
            _reply(connection, {"ok": {}})
            await _until_gone(connection)
        elif verb == "stop":
            self._vanish()
            _reply(connection, {"ok": {}})
            self._left.set()
        else:
            _reply(connection, {"ok": await self._told(message)})

    async def _told(self, message: Mapping[str, object]) -> Mapping[str, object]:
        """What is answered in one line."""
        verb, timeout = message.get("verb"), cast("float | None", message.get("timeout"))
        if verb == "resolve":
            family = cast("int", message.get("family", 0))
            async with asyncio.timeout(timeout):
                return {"addresses": await self._tunnel.addresses(str(message["name"]), family)}
        if verb == "ping":
            number, size, hops = (
                cast("int", message.get(key, other))
                for key, other in (("number", 1), ("size", 56), ("hop_limit", 64))
            )
            answer = await self._tunnel.probe(
                str(message["host"]),
                number=number,
                size=size,
                hop_limit=hops,
                port=cast("int | None", message.get("port")),
                timeout=timeout or 10.0,
            )
            return answer.to_json()
        if verb == "handshake":
            await self._tunnel.handshake(timeout or 5.0)
            return {}
        if verb == "status":
            return self._tunnel.status().to_json()
        raise EngineError(f"the agent does not know how to {verb}")

    async def _dial(
        self, message: Mapping[str, object], connection: socket.socket, descriptors: list[int]
    ) -> None:
        timeout = cast("float | None", message.get("timeout"))
        dialling = self._tunnel.dial(str(message["host"]), _port(message), timeout=timeout)
        dialled = await _unless_gone(connection, dialling)
        with dialled:
            _reply(connection, {"ok": {}})
            carried = socket.socket(fileno=descriptors.pop()) if descriptors else connection
            with carried, contextlib.suppress(OSError, EngineError):
                await greet(carried, str(message.get("greeting", "")).encode("latin-1"))
                spliced = await dialled.splice(carried)
                if carried is not connection:  # whoever follows it wants to know
                    _reply(connection, {"ok": {"end": spliced.end}})


def _place_of(path: str) -> tuple[int, int] | None:
    """Which socket is at a path."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _port(message: Mapping[str, object]) -> int:
    port = message.get("port", 0)
    if not isinstance(port, int) or not 0 <= port <= 65535:  # noqa: PLR2004 - UDP's and TCP's
        raise EngineError(f"no port: {port}")
    return port


def _text(message: Mapping[str, object], key: str) -> str | None:
    value = message.get(key)
    return None if value is None else str(value)


def _reply(connection: socket.socket, message: Mapping[str, object]) -> None:
    """Answer; a socket has room for a line, as nothing else was sent."""
    agent_messages.write_line(connection, message)


async def _request(
    loop: asyncio.AbstractEventLoop, connection: socket.socket
) -> tuple[dict[str, object], list[int]]:
    """What somebody wants.

    Raises:
        EOFError: He has gone.
        ValueError: It is no message.
        TimeoutError: He does not say.
    """
    async with asyncio.timeout(_REQUEST_SECONDS):
        await _readable(loop, connection)
    connection.setblocking(True)
    connection.settimeout(_LINE_SECONDS)
    try:
        return agent_messages.read_line(connection)
    finally:
        connection.setblocking(False)


async def _readable(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def is_ready() -> None:
        loop.remove_reader(connection)
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(connection, is_ready)
    try:
        await ready
    finally:
        loop.remove_reader(connection)


async def _unless_gone(
    connection: socket.socket, dialling: Coroutine[object, object, Dialled]
) -> Dialled:
    """Dial, unless who asked goes meanwhile: it says nothing before it is answered."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(dialling)
    loop.add_reader(connection, task.cancel)
    try:
        return await task
    finally:
        loop.remove_reader(connection)
        task.cancel()


async def _until_gone(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while await loop.sock_recv(connection, 1):
            pass


async def _hand_out(pipe: ListenerPipe | DatagramPipe, connection: socket.socket) -> None:
    """Give somebody the end of a pipe, and run it until he has gone."""
    with pipe.end:
        message = {"ok": {"address": list(pipe.address)}}
        agent_messages.write_line(connection, message, [pipe.end.fileno()])
    await pipe.run()


def _from_words(words: list[str]) -> None:
    """As a new interpreter: leave the process that waits, and be the agent."""
    if os.fork():
        os._exit(0)
    files, line, split, idle = json.loads(words[2])
    options = WayOptions(tuple(files), line, tuple(split), True, idle)
    main(int(words[0]), words[1], options)


if __name__ == "__main__":
    _from_words(sys.argv[1:])
