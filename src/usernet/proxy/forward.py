"""Forwarded ports: what is asked for, as ``5432:db.internal:5432`` says it."""

from __future__ import annotations

import re
from typing import NamedTuple

from usernet.errors import ConfigError
from usernet.proxy.server import place

__all__ = ["Forward"]

_HOST = r"\[[^\[\]]+\]|[^\[\]:/]+"
_FORM = re.compile(
    rf"(?:unix:(?P<path>[^:]+)|(?:(?P<at>{_HOST}):)?(?P<from>\d{{1,5}}))"
    rf":(?P<host>{_HOST}):(?P<port>\d{{1,5}})(?P<kind>/tcp|/udp)?",
    re.ASCII,
)
_LARGEST_PORT = 65535
_LOOPBACK = "127.0.0.1"


class Forward(NamedTuple):
    """A port here that leads to one there.

    Attributes:
        at: The address on which to listen; empty for a socket in the file system.
        port: The port on which to listen; 0 for any that is free.
        path: The file of a unix socket on which to listen; empty where it is a port.
        host: Whom it leads to, a name or a numeric address.
        host_port: His port.
        is_udp: Whether it is about datagrams.
    """

    at: str
    port: int
    path: str
    host: str
    host_port: int
    is_udp: bool

    @classmethod
    def parse(cls, text: str, path: str = "forward", default: str = _LOOPBACK) -> Forward:
        """Read ``[ADDRESS:]PORT:HOST:PORT[/udp]``, or ``unix:FILE:HOST:PORT``.

        Args:
            text: What was given.
            path: Whose value it is, for errors.
            default: The address where none is given.

        Raises:
            ConfigError: It is of neither form.
        """
        match = _FORM.fullmatch(text)
        ports = (int(match["from"] or 0), int(match["port"])) if match else (0, 0)
        is_udp = match is not None and match["kind"] == "/udp"
        if (
            match is None
            or not ports[1]
            or max(ports) > _LARGEST_PORT
            or (match["path"] and is_udp)
        ):
            allowed = "such as 5432:db.internal:5432, 0:[fd00::1]:53/udp or unix:./db.sock:db:5432"
            raise ConfigError("no forwarded port", path=path, value=text, allowed=allowed)
        file = match["path"] or ""
        at = "" if file else _bare(match["at"] or default)
        return cls(at, ports[0], file, _bare(match["host"]), ports[1], is_udp)

    @property
    def goal(self) -> str:
        """Whom it leads to, as people write it."""
        return place(self.host, self.host_port) + ("/udp" if self.is_udp else "")


def _bare(host: str) -> str:
    return host.strip("[]")
