"""Names: what a network calls its hosts, and what else it knows by name."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeAlias

from usernet.config.address import parse_address, parse_host_name
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.address import Address
    from usernet.config.addressing import Plan

__all__ = ["Names", "name_of"]

Target: TypeAlias = str | Sequence[str]
"""What a name stands for: another name, or numeric addresses."""

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_LONGEST_CHAIN = 16
"""How many names may stand for each other."""


class Names(MutableMapping[str, Target]):
    """Names beside those of hosts: ``net.names["db.internal"] = "server"``.

    A name stands for another name or for numeric addresses. Case does not matter, and neither
    does a dot at the end.
    """

    def __init__(self) -> None:
        self._targets: dict[str, str | tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> Target:
        return self._targets[_plain(name)]

    def __setitem__(self, name: str, target: Target) -> None:
        """Add a name, or have it stand for something else.

        Raises:
            ConfigError: It is no name, or it stands for nothing.
        """
        path = f"names.{name}"
        parse_host_name(name.rstrip("."), path)
        if isinstance(target, str):
            self._targets[_plain(name)] = target
            return
        addresses = tuple(str(parse_address(one, path)) for one in target)
        if not addresses:
            raise ConfigError("a name that stands for nothing", path=path)
        self._targets[_plain(name)] = addresses

    def __delitem__(self, name: str) -> None:
        del self._targets[_plain(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def addresses(self, plan: Plan, name: str, family: int = 0) -> list[str]:
        """The addresses that a name stands for, in the order in which they were given.

        Args:
            plan: The hosts.
            name: A name, or a numeric address, which stands for itself.
            family: ``AF_INET`` or ``AF_INET6``; both where 0.
        """
        found = self._found(plan, _plain(name))
        return [str(one) for one in found if family in (0, _FAMILIES[one.version])]

    def _found(self, plan: Plan, name: str) -> list[Address]:
        hosts = {name: name} if name in plan.hosts else {host.lower(): host for host in plan.hosts}
        for _ in range(_LONGEST_CHAIN):
            if name in hosts:
                return [address.ip for address in plan.hosts[hosts[name]].addresses]
            numeric = _numeric(name)
            if numeric is not None:
                return [numeric]
            target = self._targets.get(name)
            if target is None:
                return []
            if not isinstance(target, str):
                return [ip_address(one) for one in target]
            name = _plain(target)
        return []


def name_of(hosts: Mapping[Address, str], address: str) -> str | None:
    """The name of the host that has this address, if one has."""
    numeric = _numeric(address)
    return None if numeric is None else hosts.get(numeric)


def _numeric(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
