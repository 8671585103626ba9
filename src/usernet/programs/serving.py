"""How a running line is reached: by its socket file always, and by HTTP where that is asked for."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from cyclopts import Group, Parameter

from usernet.control import place
from usernet.errors import ConfigError, PrivilegeError
from usernet.web.server import Server, listen
from usernet.web.token import Token

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.control import Control
    from usernet.control.story import Story

__all__ = ["ServeOptions", "Serving"]

_CONTROL = Group("Control while it runs: usernet set, usernet watch, or a browser", sort_key=3)
_MOST_PORT = 65535
_OWN = "127.0.0.1:PORT for this machine alone, 0.0.0.0:PORT or [::]:PORT for others too"


@Parameter(name="*", group=_CONTROL)
@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How a line is reached while it runs.

    Attributes:
        serve: Where the page and the HTTP API are, such as 127.0.0.1:3000. On an address that
            others reach, a token is needed, which is printed.
        token_file: A file that holds the token: a secret word, which only you can read.
    """

    serve: Annotated[str | None, Parameter()] = None
    token_file: Path | None = None


class Serving:
    """Serves a line while it runs.

    Args:
        options: How it is reached.
        verb: What the command is called.
        quiet: Say nothing but errors.

    Raises:
        ConfigError: The address is none, or not of this machine; or the token is none.
        OSError: The address is taken.
    """

    def __init__(self, options: ServeOptions, verb: str, *, quiet: bool) -> None:
        self._quiet = quiet
        self._server: Server | None = None
        self._file: Path | None = None
        self._local: socket.socket | None = None
        self._public: socket.socket | None = None
        self._token: Token | None = None
        self.url: str | None = None
        if options.token_file is not None:
            self._token = _read(options.token_file)
        if options.serve is not None:
            self._public = _listening(options.serve)
            self._open(self._public.getsockname()[0])
        with suppress(PrivilegeError):
            self._local, self._file = place.listen(verb)

    def start(self, control: Control, story: Story) -> None:
        """Let whoever comes see and change the line."""
        if self._public is not None or self._local is not None:
            self._server = Server(
                control, story, public=self._public, local=self._local, token=self._token
            )

    def say(self) -> None:
        """Tell a person where it is; this is the only time that a new token is told."""
        if self.url is None or self._quiet:
            return
        told = f"#token={self._token.reveal()}" if self._token and self._is_new else ""
        sys.stderr.write(f"usernet: the page and the API are at {self.url}{told}\n")

    def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
        for listener in (self._public, self._local):
            if listener is not None:
                listener.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, host: str) -> None:
        assert self._public is not None
        port = self._public.getsockname()[1]
        self.url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        self._is_new = not ipaddress.ip_address(host).is_loopback and self._token is None
        if self._is_new:
            if self._quiet:
                self.close()
                allowed = "--token-file FILE, since nothing is printed"
                raise ConfigError("a token is needed there", path="serve", allowed=allowed)
            self._token = Token.new()


def _read(path: Path) -> Token:
    token = Token.read(path)
    if token.is_exposed:
        sys.stderr.write(f"usernet: warning: others can read {path}: chmod 600 {path}\n")
    return token


def _listening(text: str) -> socket.socket:
    """A socket that listens there.

    Raises:
        ConfigError: It is no address, or not of this machine.
        PrivilegeError: The port is one of the system's.
        OSError: The address is taken.
    """
    try:
        return listen(*_address(text))
    except socket.gaierror as error:
        problem = f"this name is not known here ({error.strerror})"
    except PermissionError:
        problem = f"--serve {text}: ports below 1024 are the system's"
        raise PrivilegeError(problem, capability="CAP_NET_BIND_SERVICE") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        problem = f"this address is not of this machine ({error.strerror})"
    raise ConfigError(problem, path="serve", value=text, allowed=_OWN)


def _address(text: str) -> tuple[str, int]:
    """``host:port``, or a port of this machine's loopback.

    Raises:
        ConfigError: It is neither.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > _MOST_PORT:
        allowed = "HOST:PORT, such as 127.0.0.1:3000"
        raise ConfigError("no address", path="serve", value=text, allowed=allowed)
    return host, int(port)
