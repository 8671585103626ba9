"""Topologies: a graph of apps as an inert value. Two of them can be compared; nothing runs yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.apps import App

__all__ = ["Connection", "Topology", "name_of", "parse_connection", "port_of"]

_END = r"(?P<{0}_app>\S+?)\.(?P<{0}_port>[^\s.>-]+)"
_CONNECTION = re.compile(rf"\s*{_END.format('from')}\s*->\s*{_END.format('to')}\s*")


@dataclass(frozen=True, slots=True, order=True)
class Connection:
    """One link: from an output port to an input port; its text is ``a.tx -> b.rx``."""

    from_app: str
    from_port: str
    to_app: str
    to_port: str

    def __str__(self) -> str:
        return f"{self.from_app}.{self.from_port} -> {self.to_app}.{self.to_port}"


def port_of(name: str) -> str:
    """A port with this name, in which no dot may stand: it parts the app from the port."""
    return name.replace("%", "%25").replace(".", "%2E")


def name_of(port: str) -> str:
    """The name of such a port."""
    return port.replace("%2E", ".").replace("%25", "%")


def parse_connection(text: str) -> Connection:
    """Read ``a.tx -> b.rx``.

    Raises:
        ConfigError: It is not of that form.
    """
    match = _CONNECTION.fullmatch(text)
    if match is None:
        raise ConfigError("no link", value=text, allowed="app.port -> app.port, as a.tx -> b.rx")
    return Connection(**match.groupdict())


def _no_apps() -> Mapping[str, App]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Topology:
    """Apps by name, and the links between their ports."""

    apps: Mapping[str, App] = field(default_factory=_no_apps)
    links: frozenset[Connection] = frozenset()

    def with_app(self, name: str, app: App) -> Self:
        """The same with this app, in place of the one of that name if there is one.

        Raises:
            ConfigError: The name is empty or holds white space.
        """
        if not name or re.search(r"\s", name):
            raise ConfigError("no name for an app", value=name, allowed="any text without spaces")
        return type(self)(MappingProxyType({**self.apps, name: app}), self.links)

    def with_link(self, link: Connection) -> Self:
        """The same with this link.

        Raises:
            ConfigError: It names an app that is not there, or a port that has a link.
        """
        for app in (link.from_app, link.to_app):
            if app not in self.apps:
                raise ConfigError(f"no app {app}", value=str(link), allowed=", ".join(self.apps))
        for other in self.links:
            if _shares_port(link, other):
                raise ConfigError(f"the port has the link {other} already", value=str(link))
        return type(self)(self.apps, self.links | {link})

    def without_link(self, link: Connection) -> Self:
        """The same without this link.

        Raises:
            ConfigError: There is no such link.
        """
        if link not in self.links:
            raise ConfigError("no such link", value=str(link))
        return type(self)(self.apps, self.links - {link})

    def without_app(self, name: str) -> Self:
        """The same without this app and its links.

        Raises:
            ConfigError: There is no such app.
        """
        if name not in self.apps:
            raise ConfigError(f"no app {name}", allowed=", ".join(self.apps))
        apps = {other: app for other, app in self.apps.items() if other != name}
        links = frozenset(link for link in self.links if name not in (link.from_app, link.to_app))
        return type(self)(MappingProxyType(apps), links)


def _shares_port(one: Connection, other: Connection) -> bool:
    same_from = (one.from_app, one.from_port) == (other.from_app, other.from_port)
    same_to = (one.to_app, one.to_port) == (other.to_app, other.to_port)
    return same_from or same_to
