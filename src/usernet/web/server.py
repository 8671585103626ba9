"""Server: the site on sockets of this machine, in a thread and a loop of its own.

Whatever happens to it, the line goes on: it shares nothing with the line but `Control`'s lock,
which nobody holds while waiting. Where it has but a socket file to listen on, its libraries are
loaded when the first one connects.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.control import Control
    from usernet.control.story import Story
    from usernet.web.token import Token

__all__ = ["Server", "listen"]

_BACKLOG = 128
_USER_TIMEOUT_MS = 20_000
"""TCP_USER_TIMEOUT (tcp(7)): a connection whose peer takes nothing for so long is dropped."""
_PATIENCE = 3.0
"""How long the end of the server is waited for, in seconds."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens for whoever comes.

    Raises:
        OSError: The address is taken, or not of this machine.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else answers take 40 ms
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return listener


class Server:
    """Serves the site of a line until it is closed.

    Args:
        control: Of the line.
        story: Tells what happened on it.
        public: Listens on an address of this machine; none where None.
        local: Listens on a socket file that only this user can open; none where None.
        token: What requests to the public socket have to name; None where they need none.
    """

    def __init__(
        self,
        control: Control,
        story: Story,
        *,
        public: socket.socket | None = None,
        local: socket.socket | None = None,
        token: Token | None = None,
    ) -> None:
        self._control = control
        self._story = story
        self._public = public
        self._local = local
        self._token = token
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = threading.Event()
        self._stop: asyncio.Event | None = None
        self._wakes, self._waked = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="usernet-web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; whoever watches is told before. Safe to call twice."""
        self._ending.set()
        with contextlib.suppress(OSError):
            self._waked.send(b"x")
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE)
        self._shut()
        self._wakes.close()
        self._waked.close()

    @property
    def is_alive(self) -> bool:
        """Whether it serves, or waits for somebody to serve."""
        return self._thread.is_alive()

    def _run(self) -> None:
        if self._public is None and not self._somebody_comes():
            return
        try:
            asyncio.run(self._serve())
        except BaseException:
            logging.getLogger("usernet").exception("the API has failed; the line goes on")
        finally:
            self._shut()

    def _shut(self) -> None:
        """Refuse whoever comes: there is nobody to answer."""
        for listener in (self._public, self._local):
            if listener is not None:
                listener.close()

    def _somebody_comes(self) -> bool:
        assert self._local is not None
        select.select([self._local, self._wakes], [], [])
        return not self._ending.is_set()

    async def _serve(self) -> None:
        from usernet.web.running import serve  # noqa: PLC0415 - slow to import, and seldom needed

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._ending.is_set():
            return
        await serve(
            self._control,
            self._story,
            public=self._public,
            local=self._local,
            token=self._token,
            stop=self._stop,
        )
