"""UAPI socket: where ``wg`` asks a tunnel of this process what it does, and tells it what to be.

It is the only way by which a private key leaves a process, so that a socket is for its user alone:
by its mode (0600), and by what the kernel says of who is at the other end. It never blocks, so that
any loop can serve it: whenever its descriptor is readable, `UapiSocket.serve` does what is due.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from usernet.errors import AuthenticationError, ConfigError, PrivilegeError, UsernetError
from usernet.tunnel.agent_messages import check_peer
from usernet.wireguard import uapi
from usernet.wireguard.syntax import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from usernet.config.wireguard import TunnelConfig
    from usernet.wireguard.change import Change
    from usernet.wireguard.status import DeviceStatus

__all__ = ["UapiDevice", "UapiSocket", "socket_path"]

FOLDER = Path("/var/run/wireguard")
"""Where wg(8) looks."""
_NAME = re.compile(r"[A-Za-z0-9_=+.-]{1,15}", re.ASCII)
"""What wg-quick(8) takes for the name of an interface."""
_MOST = 16
"""Connections; whoever is silent longest goes when one more comes."""
_PIECE = 1 << 16
_TURNS = 64
"""Of one call: who asks has asked when it connects, and 10,000 peers are 40 pieces."""
_BETWEEN = b"\n\n"


class UapiDevice(Protocol):
    """A tunnel that can be asked and changed."""

    def config(self) -> TunnelConfig:
        """What it is to be, with endpoints that are numeric."""
        ...

    def status(self) -> DeviceStatus:
        """What it is doing."""
        ...

    def change(self, change: Change) -> None:
        """Become something else, or stay what it is where that fails.

        Raises:
            UsernetError: It cannot be.
            OSError: It cannot be here.
        """
        ...


def socket_path(name: str | Path) -> Path:
    """Where the socket of this name is: in ``/var/run/wireguard``, where it has no slash.

    Raises:
        ConfigError: No interface can have this name.
    """
    text = str(name)
    if os.sep in text:
        return Path(text)
    if not _NAME.fullmatch(text) or text in {".", ".."}:
        allowed = "1 to 15 letters, digits and any of _=+.-, or a path with a slash"
        raise ConfigError("no name of an interface", path="uapi", value=text, allowed=allowed)
    return FOLDER / f"{text}.sock"


class UapiSocket:
    """A socket that answers what ``wg show`` asks, and does what ``wg set`` says.

    Args:
        name: The name that wg(8) is to know it by, or the path of the socket.
        device: What is asked and changed.
        warn: Told why something could not be: wg(8) says the number of the error alone.

    Raises:
        ConfigError: No interface can have this name, or there can be no socket there.
        PrivilegeError: Only root can write to the folder that wg(8) looks into.
        OSError: Another tunnel has this name (EADDRINUSE).
    """

    def __init__(
        self,
        name: str | Path,
        device: UapiDevice,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.path: Path = socket_path(name)
        self._device = device
        self._warn = warn
        self._connections: dict[int, _Connection] = {}
        self._epoll = select.epoll()
        self._is_open = True
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._made_folder = _folder(self.path.parent)
            _bind(self._listener, self.path)
        except BaseException:
            self._is_open = False
            self._epoll.close()
            self._listener.close()
            raise
        self._epoll.register(self._listener, select.EPOLLIN)

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._epoll.fileno()

    def serve(self) -> None:
        """Do what can be done now, or some of it where there is much."""
        for _ in range(_TURNS if self._is_open else 0):
            events = self._epoll.poll(0)
            if not events:
                return
            for descriptor, _ in events:
                self._hear(descriptor)

    def _hear(self, descriptor: int) -> None:
        if descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._connections:
            self._attend(self._connections[descriptor])

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:  # who called has gone, or there are no descriptors left
            return
        try:
            check_peer(accepted)
        except (AuthenticationError, OSError):
            accepted.close()
            return
        if len(self._connections) >= _MOST:
            self._drop(next(iter(self._connections.values())))
        accepted.setblocking(False)
        self._connections[accepted.fileno()] = _Connection(accepted)
        self._epoll.register(accepted, select.EPOLLIN)

    def _attend(self, connection: _Connection) -> None:
        """Answer the next request: what follows it waits until others had their turn."""
        descriptor = connection.socket.fileno()
        self._connections[descriptor] = self._connections.pop(descriptor)  # the last to be heard
        try:
            asked = connection.next_request()
            if asked is not None:
                connection.say(self._answered(asked))
        except (OSError, EOFError):
            self._drop(connection)
        else:
            waits = (
                select.EPOLLOUT if asked is not None or connection.is_sending else select.EPOLLIN
            )
            self._epoll.modify(descriptor, waits)

    def _answered(self, asked: bytes) -> bytes:
        """The answer to a request; what is wrong with one is a number, as in errno(3)."""
        try:
            change = uapi.request(asked.decode("ascii"))
            if change is not None:
                self._device.change(change)
                return uapi.answer()
            now = datetime.now(tz=UTC).timestamp()
            shown = uapi.shown(self._device.config(), self._device.status(), round(now * 1e9))
            return uapi.answer(text=shown)
        except (UsernetError, OSError, ValueError) as error:
            number = error.errno if isinstance(error, OSError) else None
            told = error.strerror if isinstance(error, OSError) and number else error
            self._warn(f"{self.path.stem}: {told}: nothing is changed")
            return uapi.answer(number or errno.EINVAL)

    def _drop(self, connection: _Connection) -> None:
        del self._connections[connection.socket.fileno()]
        connection.socket.close()

    def close(self) -> None:
        """Answer no more, and leave nothing behind. Safe to call twice."""
        if not self._is_open:
            return
        self._is_open = False
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._listener.close()
        self._epoll.close()
        with contextlib.suppress(OSError):
            self.path.unlink()
        if self._made_folder:
            with contextlib.suppress(OSError):  # others have put their sockets there
                self.path.parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Connection:
    """Somebody who asks: what has come of requests, and what is still to be sent."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._came = bytearray()
        self._searched = 0
        self._out = b""

    @property
    def is_sending(self) -> bool:
        """Whether an answer is not yet sent whole."""
        return bool(self._out)

    def say(self, data: bytes) -> None:
        """Send it, as far as the other end takes it now."""
        self._out = data
        self._send()

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._out:
                self._out = self._out[self.socket.send(self._out) :]

    def next_request(self) -> bytes | None:
        """The next request that is whole, once the answer to the one before is sent.

        Raises:
            EOFError: Nothing comes any more.
            OSError: Too much has come that is no request.
        """
        self._send()
        if self._out:
            return None
        end = self._end()
        if end < 0:
            self._read()
            end = self._end()
        if end < 0:
            return None
        asked = bytes(self._came[:end])
        del self._came[: end + len(_BETWEEN)]
        self._searched = 0
        return asked

    def _end(self) -> int:
        """Where the first request ends; -1 where it is not whole."""
        start, self._searched = max(self._searched - 1, 0), len(self._came)
        return self._came.find(_BETWEEN, start)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            piece = self.socket.recv(_PIECE)
            if not piece:
                raise EOFError
            self._came += piece
        if len(self._came) > LARGEST_FILE:
            raise OSError(errno.EMSGSIZE, "too long a request")


def _folder(path: Path) -> bool:
    """Make the folder that wg(8) looks into where it is not there; whether it was not."""
    if path != FOLDER or path.is_dir():
        return False
    try:
        path.mkdir(mode=0o755)
    except PermissionError:
        raise _not_allowed(path) from None
    return True


def _bind(listener: socket.socket, path: Path) -> None:
    try:
        _bind_anew(listener, path)
        path.chmod(0o600)
        listener.listen(_MOST)
    except PermissionError:
        raise _not_allowed(path) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        problem = f"there can be no socket: {error.strerror or error}"
        allowed = "a path in a folder that is there, of up to 107 bytes"
        raise ConfigError(problem, path="uapi", value=str(path), allowed=allowed) from None


def _bind_anew(listener: socket.socket, path: Path) -> None:
    """Bind to the path; a socket there that nobody listens at was left behind by who was killed."""
    try:
        listener.bind(str(path))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        if not _is_left_behind(path):
            raise OSError(error.errno, error.strerror, str(path)) from None
        path.unlink()
        listener.bind(str(path))


def _is_left_behind(path: Path) -> bool:
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as asking:
        return asking.connect_ex(str(path)) == errno.ECONNREFUSED


def _not_allowed(path: Path) -> PrivilegeError:
    advice = ": as another user than root, give a path of your own, such as ./wg0.sock"
    return PrivilegeError(
        f"{path}: cannot be written{advice if FOLDER in (path, path.parent) else ''}"
    )
